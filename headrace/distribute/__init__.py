"""Distribution strategies: how variables are placed and steps run on several devices."""
