"""`make run`: the whole pipeline on this machine, from a private RabbitMQ node to three workers."""
