"""The control plane below `/_sim`: clock, faults, state and invariants; off unless asked for."""
