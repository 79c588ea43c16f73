"""Smart plugs over MQTT: one meter for all of them, one dialect for each make."""
