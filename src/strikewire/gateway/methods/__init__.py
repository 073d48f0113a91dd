"""One function for each method of the API: requests in, replies and commands out."""
