package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
)

// InvitedMax is how far it is counted whom somebody brought; one more says that there are more.
const InvitedMax = 1000

// Brought is somebody whom a member brought here, and how many they brought in turn.
type Brought struct {
	Row
	Invited int  // up to InvitedMax, one more if there are more
	Above   bool // stands above the inviter, too: somebody who left and came back by those they had brought
}

// Ancestor is somebody on the way from a member up to whoever came first.
type Ancestor struct {
	ID      string // mem_…
	Name    string
	Present bool
}

// Tree is one page of those whom a member brought here.
type Tree struct {
	ID      string // mem_… of the member
	Name    string
	Present bool
	You     bool
	Invited int        // up to InvitedMax, one more if there are more
	Above   []Ancestor // from the first down to the member's inviter
	People  []Brought
	Next    string // cursor of the next page; "" at the end
}

// InvitedBy lists whom a member brought here, by name. Former members, and whom they brought, are for those who may read
// the audit log.
func (r *Roster) InvitedBy(ctx context.Context, a Actor, id, after string) (Tree, error) {
	membership, ok := publicid.Membership.Parse(id)
	if !ok {
		return Tree{}, fault.Missing()
	}
	at, err := List{After: after}.from()
	if err != nil {
		return Tree{}, err
	}
	row, err := r.db.Read(a.org.ID).GetInvited(ctx, rosterdb.GetInvitedParams{OrgID: a.org.ID, MembershipID: membership, FormerToo: a.May(role.AuditRead),
		AfterName: at.name, AfterID: at.id, PageSize: PageSize + 1})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !present(row.Status) && !a.May(role.AuditRead) {
		return Tree{}, fault.Missing()
	}
	if err != nil {
		return Tree{}, wrap("read whom a member invited", err)
	}
	var above []struct {
		ID           uuid.UUID
		Name, Status string
	}
	var people []struct {
		UserID   uuid.UUID `json:"user_id"`
		ID       uuid.UUID
		Name     string
		Email    string
		Roles    []string
		Status   string
		JoinedAt time.Time `json:"joined_at"`
		SortName string    `json:"sort_name"`
		Above    bool
		Invited  int
	}
	if err := errors.Join(json.Unmarshal(row.Above, &above), json.Unmarshal(row.People, &people)); err != nil {
		return Tree{}, fmt.Errorf("read whom a member invited: %w", err)
	}
	tree := Tree{ID: id, Name: row.Name, Present: present(row.Status), You: row.UserID == a.person.ID, Invited: int(row.Invited)}
	for _, one := range above {
		tree.Above = append(tree.Above, Ancestor{ID: publicid.Membership.Of(one.ID), Name: one.Name, Present: present(one.Status)})
	}
	for i, one := range people {
		if i == PageSize {
			last := people[i-1]
			tree.Next = cursor{name: last.SortName, id: last.UserID}.encode(false)
			break
		}
		tree.People = append(tree.People, Brought{Above: one.Above, Invited: one.Invited, Row: Row{ID: publicid.Membership.Of(one.ID), PersonID: one.UserID,
			Name: one.Name, Email: one.Email, Roles: role.ParseAll(one.Roles), Status: one.Status, Since: one.JoinedAt, You: one.UserID == a.person.ID}})
	}
	return tree, nil
}
