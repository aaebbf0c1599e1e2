"""The peer's own environment, made once from its lock."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements" / "peer-healthchain.lock"
FOLDER = ROOT / ".venv-peer-healthchain"


def python(folder: Path = FOLDER, lock: Path = LOCK) -> Path:
    """The interpreter of an environment with exactly what the lock pins; made anew when the lock changed.

    Only wheels whose digest the lock holds are installed. Raises CalledProcessError when one cannot be had.
    """
    interpreter = folder / "bin" / "python"
    made_from = folder / "made-from"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not made_from.is_file() or made_from.read_text(encoding="ascii") != digest:
        print(f"Setting up {folder.name} from {lock.name}, once; this takes a minute or two ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(interpreter), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        wheels = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
        subprocess.run([*pip, *wheels], check=True)
        made_from.write_text(digest, encoding="ascii")
    return interpreter
