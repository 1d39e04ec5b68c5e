"""The operator's desk for routes: list with live health, and one route with its prices, properties, rules and a test.

Staff read and test; administrators change. Every handler asks again who is there, and the Engine checks once more.
"""
