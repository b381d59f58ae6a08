// A host app in a web view: it asks for all flags of a user, goes on to another user, and polls; each step is printed as a
// line of JSON. Each line that it reads is the next thing to do: {"user": …} or {"poll": true}.
import { createInterface } from 'node:readline';
import { OFREPWebProvider, OpenFeature } from './openfeature.mjs';

const [baseUrl, token] = process.argv.slice(2);
const statuses = [];
const provider = new OFREPWebProvider({
  baseUrl,
  cacheMode: 'disabled',
  headers: token ? [['Authorization', `Bearer ${token}`]] : [],
  fetchImplementation: async (request) => {
    const response = await fetch(request);
    statuses.push(response.status);
    return response;
  },
});

const flags = () => Object.fromEntries(Object.keys(provider.flagCache).map((key) => {
  const { value, variant, reason, flagMetadata } = OpenFeature.getClient().getObjectDetails(key, { available: 'by default' });
  return [key, { value, variant, reason, rule: flagMetadata.rule }];
}));

for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  let error;
  try {
    if (step.start) {
      await OpenFeature.setContext(step.start);
      await OpenFeature.setProviderAndWait(provider);
    }
    if (step.context) await OpenFeature.setContext(step.context);
    if (step.poll) await provider._fetchFlags(OpenFeature.getContext());
  } catch (e) {
    error = String(e);
  }
  console.log(JSON.stringify({ flags: flags(), statuses: statuses.splice(0), error }));
}
process.exit(0);
