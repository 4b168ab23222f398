package roster

import "time"

// Nothing is left uncounted because a machine is busy with other tests.
func init() { judgedTime = time.Minute }
