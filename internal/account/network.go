package account

// Network is the network that an address is in, by which whoever has many addresses is counted once: its /24 or /64.
func Network(address string) string { return block(address) }
