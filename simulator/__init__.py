"""A fictional company behind the three vendors' HTTP APIs, with the truth known.

For the demo, the tests and the benchmarks. It knows nothing of the product, and the product nothing of it.
"""
