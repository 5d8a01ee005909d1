"""What the adapters on AWS share: clients, errors in words, limits of services."""
