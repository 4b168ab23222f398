package roster

import (
	"context"
	"time"
)

// pageTime is how long one page of many may take.
const pageTime = 10 * time.Second

// each gives fn every row of a list, from its cursor on, in pages of so many rows. Only one page is held at a time.
// The list is walked as it is meanwhile: who comes or goes may be seen or not, and who changes places in it too.
func (r *Roster) each(ctx context.Context, a Actor, list List, size int, fn func([]Row) error) error {
	list.Before = ""
	for {
		page, err := r.pageOf(ctx, a, list, size)
		if err != nil {
			return err
		}
		if err := fn(page.Rows); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		list.After = page.Next
	}
}

// pageOf is one page of many, in its own time.
func (r *Roster) pageOf(ctx context.Context, a Actor, list List, size int) (Members, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	return r.members(ctx, a, list, size)
}
