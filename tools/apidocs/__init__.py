"""Writers of the API's generated files; `tools/generate_api.py` runs them."""
