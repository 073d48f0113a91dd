"""The two loops that touch every byte: masking and UTF-8.

Each file is the reference, and Cython compiles the same file where a compiler is found.
"""
