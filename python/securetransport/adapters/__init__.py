"""Classes that fit Secure Transport into what Python programs already use."""
