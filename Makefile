# Everything a person needs with only Python 3.11 and make on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The machine's own certificates: schools and offices often look into TLS. (Two names, for older and newer uv.)
export UV_NATIVE_TLS := 1
export UV_SYSTEM_CERTS := 1
UV := uv pip install --quiet --compile-bytecode --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help run demo test sim sim-mutants chaos bench check format lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Start everything on this machine: PORT=8080 COMEWATCH_HOME=.comewatch; ctrl-C stops it
	@exec $(BIN)/python -m service.dev

demo: $(INSTALLED) ## Live the main job on real lessons, phones offline and all, and check every number
	@exec $(BIN)/python -m service.dev.demo

test: $(INSTALLED) ## Run the tests; K=word runs those with the word in their name
	@exec $(BIN)/python -m pytest $(if $(K),-k '$(K)')

sim: $(INSTALLED) ## Simulate whole worlds of phones and bad networks: SEEDS=300 JOBS=2 FIRST=1
	@exec $(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),300) --first $(or $(FIRST),1) --jobs $(or $(JOBS),2)

sim-mutants: $(INSTALLED) ## Plant bugs, and see that the simulation notices each: SEEDS=40 worlds for each at most, ONLY=grant
	@exec $(BIN)/python -m tests.simulation --mutants --seeds $(or $(SEEDS),40) --jobs $(or $(JOBS),2) $(if $(ONLY),--only '$(ONLY)')

chaos: $(INSTALLED) ## Kill -9 the servers in mid-push, and fill their disk: KILLS=20 ONLY=api,live,postgres,everything,disk
	@exec $(BIN)/python -m tests.chaos --kills $(or $(KILLS),20) $(if $(ONLY),--only $(ONLY))

bench: $(INSTALLED) ## Measure this server beside others: WORKS=W1,W4 ONLY=ours ROUNDS=3 (docs/speed.md)
	@exec $(BIN)/python -m tests.bench $(if $(WORKS),--works $(WORKS)) $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(PAGE),--page $(PAGE))

check: $(INSTALLED) ## Check style, formatting, types and the rules of import
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## Format the code and mend what can be mended without thinking
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(INSTALLED) ## Pin all dependencies anew (needs uv); UPGRADE=1 takes the newest
	@$(BIN)/python -m service.dev.pin $(if $(UPGRADE),--upgrade)

clean: ## Remove the virtual environment and caches; the data in .comewatch stays
	@rm -rf $(VENV) .bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Rebuilt when the pins or the project's own description change. Every file's hash is checked.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Come Watch needs Python 3.11 or newer; $(PYTHON) is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@rm -f $@
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) \
	  && $(UV) --require-hashes -r requirements.lock \
	  && $(UV) --no-deps --no-build-isolation -e .; \
	else \
	  $(PYTHON) -m venv $(VENV) \
	  && $(PIP) install --require-hashes -r requirements.lock \
	  && $(PIP) install --no-deps --no-build-isolation -e .; \
	fi
	@touch $@
