"""The loops of pricing: free functions over doubles, run interpreted or compiled from one file."""
