// A host app in a browser, whose page comes from another origin than its answers.
import { OFREPWebProvider, OpenFeature } from './openfeature.mjs';

window.ask = async (baseUrl, token) => {
  const headers = [['Authorization', `Bearer ${token}`]];
  const statuses = [];
  const noting = async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    return response;
  };
  const provider = new OFREPWebProvider({ baseUrl, cacheMode: 'disabled', headers, fetchImplementation: noting });
  try {
    await OpenFeature.setContext({ targetingKey: 'u1' });
    await OpenFeature.setProviderAndWait(provider);
    await provider._fetchFlags(OpenFeature.getContext());
    const { version, url } = OpenFeature.getClient().getObjectValue('weather', {});
    const part = await noting(url, { headers: [...headers, ['Range', 'bytes=4-10'], ['If-Range', '"another"']] });
    const none = await noting(url.slice(0, -1), { headers });
    return { statuses, version, package: await part.text(), problem: (await none.json()).title };
  } catch (e) {
    return { statuses, error: String(e) };
  } finally {
    await OpenFeature.close();
  }
};
