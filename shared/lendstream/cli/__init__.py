"""`lendstream`: the platform's topics, events and dead letters at the command line.

Needs the distribution's [cli] extra alone: nothing here imports the services' runtime.
"""
