"""Clocks that push over HTTP (ADMS, PUSH, `iclock`): both ends of the wire."""
