package roster

import (
	"context"

	"roster/internal/role"
)

// each calls fn with every row of a list, so many at a time and in the order of the list, and holds no more of them
// than that. An error of fn ends it.
func (r *Roster) each(ctx context.Context, a Actor, list List, size int, fn func([]Row) error) error {
	list.After = ""
	for {
		rows, next, err := r.pageOf(ctx, a, list, size)
		if err == nil {
			err = fn(rows)
		}
		if err != nil || next == "" {
			return err
		}
		list.After = next
	}
}

// pageOf is a page of a list, as large as one likes, and the cursor of the next one; "" at the end.
func (r *Roster) pageOf(ctx context.Context, a Actor, list List, size int) (rows []Row, next string, err error) {
	byTime, at := list.Sort == "joined", start(list)
	if list.After != "" {
		if at, err = parseCursor(list.After, byTime); err != nil {
			return nil, "", err
		}
	}
	if !a.May(role.InvitationsRead) && list.Status == "pending" {
		return nil, "", nil
	}
	found, err := r.listRows(ctx, a, list, at, int32(size)+1)
	if err != nil {
		return nil, "", wrap("list members", err)
	}
	for i, row := range found {
		if i == size {
			last := found[i-1]
			next = cursor{name: last.SortName, time: last.Since, id: tie(last)}.encode(byTime)
			break
		}
		rows = append(rows, a.row(row))
	}
	return rows, next, nil
}
