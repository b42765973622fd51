// A school's provider: oidc-provider as it comes, with its own pages for signing in. Commands in lines of JSON on stdin.
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const people = new Map();
const { port } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  scopes: ["openid", "email"],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ["only-for-tests"] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
});
const commands = {
  client: async (metadata) => provider.Client.adapter.upsert(metadata.client_id, metadata),
  person: async ({ sub, ...claims }) => void people.set(sub, claims),
};

provider.listen(port, "127.0.0.1", () => process.stdout.write(JSON.stringify({ gives: issuer }) + "\n"));
const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { do: name, ...options } = JSON.parse(line);
  const answer = await commands[name](options).then(() => ({ gives: true }), (fault) => ({ fails: `${fault}` }));
  process.stdout.write(JSON.stringify(answer) + "\n");
});
lines.on("close", () => process.exit(0));
