"""The foreman: takes an event, has it decided, makes it durable, hands out what follows."""
