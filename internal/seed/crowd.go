package seed

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"roster/internal/role"
)

// Numbers above the crowd's are those of people who were only invited, and of founders of small organizations.
const (
	membersMax       = 1_000_000
	invitedFrom      = 2 * membersMax
	foundersFrom     = 4 * membersMax
	invitedUpTo      = 10_000 // the first so many bring invitations along that are still open, one in a hundred
	organizationsMax = 1_000_000
)

// crowd tells of the people of the large organization with the numbers from up to to. Who somebody is, and
// what happened to them, follows from their number alone.
func crowd(c *cast, from, to int) *tale {
	t := &tale{now: c.now}
	for i := from; i < to; i++ {
		t.member(c, i)
		if i < invitedUpTo {
			t.waiting(c, i)
		}
	}
	return t
}

// crowdStart is when the first of the crowd joined: those who invite were there by then.
func (c *cast) crowdStart() time.Time { return c.northwind.since.Add(120 * day) }

// crowdID carries the number of somebody of the crowd as the time of their id, so that the last number that
// was made can be asked for.
func (c *cast) crowdID(i int) uuid.UUID {
	return madeUp(c.northwind.since.Add(time.Duration(i)*time.Millisecond), 0, mix(number("crowd")+uint64(i)))
}

func (t *tale) member(c *cast, i int) {
	chance := mix(uint64(i))
	called := c.names.of(i)
	by := c.inviters[chance%uint64(len(c.inviters))].who
	as := role.Member
	switch place := chance >> 8 % 100; {
	case i < 12 || i%2500 == 1234:
		as, by = role.Admin, c.inviters[0].who
	case place < 12:
		as = role.Viewer
	case place < 19:
		as = role.Guest
	}

	// The later, the more joined: the organization has been growing all the time.
	start := c.crowdStart()
	joined := start.Add(time.Duration(math.Sqrt(unit(mix(chance))) * float64(c.now.Sub(start)-time.Hour))).Truncate(time.Second)
	who := t.add(&person{id: c.crowdID(i), name: called.name, email: called.local + "@" + called.code + "." + northwindMail,
		since: joined.Add(-time.Duration(chance%600) * time.Second), last: c.northwind})

	invited := joined.Add(-time.Duration(mix(chance+1)%uint64(6*day)) - 10*time.Minute).Truncate(time.Second)
	invitation := t.invite(c.northwind, by, who.email, as, invited, c.northwind.days, "")
	if i%60 == 17 {
		t.sendAgain(invitation, by, invited.Add(joined.Sub(invited)/2).Truncate(time.Second))
	}
	m := t.accept(invitation, who, joined)

	// What happened to a few of them since, somewhere between then and now.
	since := c.now.Sub(joined)
	later := joined.Add(time.Duration(unit(mix(chance+2)) * 0.8 * float64(since))).Truncate(time.Second)
	switch {
	case i%100 == 37 && as != role.Admin:
		t.suspend(m, by, later)
	case i%40 == 11 && as == role.Viewer:
		t.changeRole(m, by, role.Member, later)
	case i%400 == 3 && as == role.Member:
		t.changeRole(m, by, role.Viewer, later)
	case i%1000 == 123 && as != role.Admin:
		t.suspend(m, by, later)
		t.reactivate(m, by, later.Add(time.Duration(0.1*float64(since))).Truncate(time.Second))
	}
	if i%50 != 49 { // somebody who looked in only on the day they joined
		m.seen(lastSeen(m, c.now, mix(chance+3)))
	}
}

// unit is a number between 0 and 1.
func unit(n uint64) float64 { return float64(n>>11) / (1 << 53) }

// lastSeen is most often today or this week, and never after a suspension.
func lastSeen(m *membership, now time.Time, chance uint64) time.Time {
	most := 12 * time.Hour
	switch place := chance % 20; {
	case place < 1:
		most = 400 * day
	case place < 4:
		most = 60 * day
	case place < 10:
		most = 7 * day
	}
	seen := now.Add(-time.Duration(unit(mix(chance)) * float64(most)))
	if m.status == "suspended" {
		seen = m.joinedAt.Add(m.blockedAt.Sub(m.joinedAt) / 10 * 9)
	}
	return seen.Truncate(time.Second)
}

// waiting tells of invitations that nobody has accepted: most are open, some have expired, did not arrive,
// were withdrawn or turned down.
func (t *tale) waiting(c *cast, i int) {
	chance := mix(uint64(invitedFrom + i))
	by := c.inviters[chance%uint64(len(c.inviters))].who
	called := c.names.of(invitedFrom + i)
	email := called.local + "@" + called.code + "." + northwindMail
	as := role.Member
	if chance>>8%5 == 0 {
		as = role.Viewer
	}
	recent := c.now.Add(-time.Duration(unit(mix(chance)) * float64(25*day))).Truncate(time.Second)
	old := c.now.Add(-35*day - time.Duration(unit(mix(chance))*float64(300*day))).Truncate(time.Second)
	switch {
	case i%100 == 50:
		t.invite(c.northwind, by, email, as, recent, 30, "")
	case i%1000 == 725:
		t.undelivered(t.invite(c.northwind, by, email, as, recent, 30, ""), "the mailbox does not exist")
	case i%500 == 275:
		t.invite(c.northwind, by, email, as, old, 7, "")
	case i%500 == 375:
		t.revoke(t.invite(c.northwind, by, email, as, old, 30, ""), by, old.Add(3*time.Hour))
	case i%1000 == 425:
		who := t.person(called.name, email, old.Add(time.Hour))
		t.decline(t.invite(c.northwind, by, email, as, old, 30, ""), who, old.Add(2*time.Hour))
	}
}

var (
	firstWords  = strings.Fields("Amber Birch Blue Bright Cedar Clear Copper Coral Elm Fair Fern Golden Green Grey Harbour Hazel High Iron Ivory Juniper Kind Lake Linden Long Maple Marble Mill Moon New North Oak Old Olive Open Pine Quiet Red River Rowan Silver Slate Spring Stone Summer Sun Tall Twin Upper West White Willow Winter")
	secondWords = strings.Fields("Analytics Architects Archive Bakery Bikes Books Brewery Builders Clinic Collective Consulting Cooperative Courier Dairy Design Dental Energy Farms Films Foods Foundry Gardens Gallery Grid Insurance Joinery Kitchens Law Library Logistics Maps Marine Media Motors Museum Music Optics Orchards Outfitters Pharmacy Press Print Research Robotics Roasters School Shipping Sports Studio Textiles Theatre Tools Transit Travel Water Works")
)

// small tells of small organizations, each of one person: where an installation has many.
func small(c *cast, from, to int) *tale {
	t := &tale{now: c.now}
	for k := from; k < to; k++ {
		chance := mix(uint64(foundersFrom + k))
		first, second := firstWords[k%len(firstWords)], secondWords[k/len(firstWords)%len(secondWords)]
		name, slug := first+" "+second, strings.ToLower(first+"-"+second)
		if again := k / (len(firstWords) * len(secondWords)); again > 0 {
			name, slug = fmt.Sprintf("%s %d", name, again+1), fmt.Sprintf("%s-%d", slug, again+1)
		}
		called := c.names.of(foundersFrom + k)
		at := c.now.Add(-time.Duration(unit(chance) * float64(3*365*day))).Truncate(time.Second)
		o := &organization{id: c.smallID(k), name: name, slug: slug, days: 7, since: at}
		who := t.person(called.name, called.local+"@"+slug+".example", at.Add(-time.Minute))
		who.last = o
		t.foundAs(o, who).seen(c.now.Add(-time.Duration(unit(mix(chance)) * float64(90*day))).Truncate(time.Second))
	}
	return t
}

// smallStart begins a stretch of time of their own, before any other organization.
func (c *cast) smallStart() time.Time { return c.northwind.since.Add(-30 * day) }

// smallID is crowdID for small organizations.
func (c *cast) smallID(k int) uuid.UUID {
	return madeUp(c.smallStart().Add(time.Duration(k)*time.Millisecond), 0, mix(number("small")+uint64(k)))
}
