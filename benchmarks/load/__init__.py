"""The parts of load_test.py, a noun each."""
