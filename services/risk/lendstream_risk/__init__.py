"""The decision: a Faust stream processor that answers ApplicationReady with reasons."""
