"""Where every message passes: sockets, links and topics, compiled where a compiler is found."""
