package live

import (
	"maps"
	"slices"
	"time"
)

// Kinds are the changes of which it is known who may hear.
func Kinds() []string { return slices.Collect(maps.Keys(sees)) }

// LookAgain sets how often all streams are looked at, and says how often that is without it.
func (l *Live) LookAgain(every time.Duration) time.Duration {
	was := l.again
	l.again = every
	return was
}

// Held is how many streams and organizations are kept.
func (l *Live) Held() (streams, organizations int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, len(l.present) + len(l.people)
}
