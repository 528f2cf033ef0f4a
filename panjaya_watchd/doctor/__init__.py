"""The doctor: whether this machine is fit for the service, as findings with what to do. It changes nothing."""
