"""The web form: the same answers over HTTP, for one machine or a laboratory's own network."""
