"""The peer's side: an application of HealthChain 0.15.0 in the shape of its sepsis example.

Prefetch -> Bundle -> Dataset by a YAML schema -> pipeline of imputation and inference -> one card. It is run
by uvicorn in the peer's own environment, with PEER_MODEL (an ONNX file), PEER_SCHEMA (a feature schema) and
PEER_FEATURES (their names in the model's order) set. The model is the very file that Bedside runs. Two things
are chosen in the peer's favour: the `last` value in place of the mean over all time, which is what Bedside's
features mean and costs no more, and ONNX Runtime in place of scikit-learn, which takes less time for one row.
As in its example, the schema is read at each call.
"""

import os

import onnxruntime
from healthchain.fhir import prefetch_to_bundle
from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.io import Dataset
from healthchain.models import CDSRequest, CDSResponse
from healthchain.models.responses.cdsresponse import Card
from healthchain.pipeline import Pipeline

SCHEMA = os.environ["PEER_SCHEMA"]
FEATURES = os.environ["PEER_FEATURES"].split(",")


def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(os.environ["PEER_MODEL"], options, providers=["CPUExecutionProvider"])


session = _session()
pipeline = Pipeline[Dataset]()
service = CDSHooksService()


@pipeline.add_node
def impute(dataset: Dataset) -> Dataset:
    """Medians for what is missing, which of one patient is 0."""
    dataset.data = dataset.data.fillna(dataset.data.median(numeric_only=True)).fillna(0)
    return dataset


@pipeline.add_node
def infer(dataset: Dataset) -> Dataset:
    """One row through the model."""
    row = dataset.data[FEATURES].to_numpy(dtype="float32")
    dataset.metadata["probabilities"] = session.run(["probability"], {"features": row})[0][:, 0]
    return dataset


@service.hook("patient-view", id="forest")
def risk(request: CDSRequest) -> CDSResponse:
    """One card whose detail is the probability with six digits."""
    bundle = prefetch_to_bundle(request.prefetch or {})
    dataset = Dataset.from_fhir_bundle(bundle, schema=SCHEMA, aggregation="last")
    probability = float(pipeline(dataset).metadata["probabilities"][0])
    source = {"label": "Benchmark", "url": "https://example.org"}
    card = Card(
        summary=f"About {probability:.0%}", indicator="info", detail=f"{probability:.6f}", source=source
    )
    return CDSResponse(cards=[card])


app = HealthChainAPI(title="Benchmark", description="Benchmark", service_type="cds-hooks")
app.register_service(service, path="/cds")
