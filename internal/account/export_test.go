package account

// HoldHashes takes every place where a password is hashed, until they are released.
func (a *Accounts) HoldHashes() (release func()) {
	for range cap(a.hasher.working) {
		a.hasher.waiting <- struct{}{}
		a.hasher.working <- struct{}{}
	}
	return func() {
		for range cap(a.hasher.working) {
			<-a.hasher.working
			<-a.hasher.waiting
		}
	}
}

// WaitForHashes is how many hash or wait to.
func (a *Accounts) WaitForHashes() int { return len(a.hasher.waiting) }
