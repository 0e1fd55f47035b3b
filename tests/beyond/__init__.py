"""Networks beyond algebra."""
