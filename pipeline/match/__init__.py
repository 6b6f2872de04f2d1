"""Match work items to key results, with probabilities and evidence."""
