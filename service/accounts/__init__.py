"""Who may come in: tenants, login addresses, invitation codes, and the sessions of devices.

`models` the tables · `tokens` what a phone carries · `sessions` starting, renewing and ending · `sign_in` codes ·
`directory` tenants and people by their address · `role_desk` roles, as the operator grants them. What a person may do once inside is `service.records`' business.
"""
