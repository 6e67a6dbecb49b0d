"""The API keys: who may use a frontend, and `python -m frontend.api_keys`, which makes them."""
