"""Sign-in with a school's own provider (OpenID Connect): code, PKCE, state and nonce.

`providers` which there are · `discovery` what they say of themselves · `id_token` whom they say it is ·
`attempt` from the app through the browser and back · `identities` whose account that is here.
"""
