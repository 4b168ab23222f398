package seed

import (
	"time"

	"roster/internal/role"
)

// LogIn is somebody to log in as.
type LogIn struct {
	Name  string
	Email string
	About string // what there is to see as this person, a sentence
}

// Northwind is the large organization: its people are a crowd that is made by number.
const (
	northwindName = "Northwind Logistics"
	northwindSlug = "northwind-logistics"
	northwindMail = "northwind.example"
	northwindAge  = 6 * 365 * day
)

// northwindID is the same in every database: by it a second run finds what the first one made, and by the
// age of the organization the moment that all the rest was reckoned from.
var northwindID = madeUp(time.Date(2020, 3, 2, 8, 30, 0, 0, time.UTC), 0, number("organization", northwindSlug))

// cast is everybody who has a name in this file, and what they did.
type cast struct {
	tale
	names  *names
	logIns []LogIn
	// The large organization, its people with a name, and who of them invites the crowd.
	northwind *organization
	staff     []*membership
	inviters  []*membership
}

// ago is so many days before now, at a time of day (UTC). A moment of today is told as a duration instead.
func (c *cast) ago(days, hour, minute int) time.Time {
	return c.now.Truncate(day).AddDate(0, 0, -days).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// newCast tells the history of the named organizations up to now.
func newCast(now time.Time, n *names) *cast {
	c := &cast{tale: tale{now: now}, names: n}

	mara := c.person("Mara Lindqvist", "mara@acme.example", c.ago(810, 7, 40))
	aiko := c.person("Aiko Tanaka", "aiko.tanaka@acme.example", c.ago(773, 8, 10))
	tomas := c.person("Tomás Herrera", "tomas@acme.example", c.ago(773, 9, 2))
	priya := c.person("Priya Raman", "priya.raman@acme.example", c.ago(636, 6, 50))
	jonas := c.person("Jonas Weber", "jonas.weber@acme.example", c.ago(561, 7, 15))
	samuel := c.person("Samuel Okafor", "s.okafor@acme.example", c.ago(491, 10, 20))
	elodie := c.person("Élodie Marchand", "elodie@acme.example", c.ago(470, 13, 5))
	wiremu := c.person("Wiremu Parata", "wiremu@acme.example", c.ago(400, 21, 30))
	noor := c.person("Noor van Dijk", "noor@vandijk.example", c.ago(350, 11, 0))
	ruth := c.person("Ruth Palmer", "ruth@palmer-rail.example", c.ago(420, 8, 45))
	lina := c.person("Lina Bergman", "lina@bergman.example", c.ago(3, 16, 12))

	c.acme(mara, aiko, tomas, priya, jonas, samuel, elodie, wiremu, noor)
	acme := mara.last
	c.ask(c.share(acme, mara, role.Member, c.ago(6, 10, 5), 30, 25), lina, "Priya told me about the gripper project. I start on Monday.", c.now.Add(-5*time.Hour))
	c.askFor(acme, samuel, "tobias.krull@acme.example", "Tobias takes over the night shift from me.", c.now.Add(-50*time.Minute))
	c.others(mara, aiko, tomas, priya, jonas, samuel, elodie, wiremu, noor, ruth, lina)
	c.foundNorthwind(mara, aiko, tomas, noor)

	c.logIns = []LogIn{
		{mara.name, mara.email, "Owner of Acme Robotics, in nine more organizations with other roles, invited by Palmer Rail."},
		{"Ingrid Solberg", "ingrid.solberg@" + northwindMail, "Owner of " + northwindName + ", the large one."},
		{aiko.name, aiko.email, "Admin of Acme Robotics, one of two owners of Beta Instruments."},
		{jonas.name, jonas.email, "Viewer in Acme Robotics, Admin of Ziegler Bau."},
		{noor.name, noor.email, "Guest in Acme Robotics, owner of Harbour & Vine."},
		{elodie.name, elodie.email, "Suspended in Acme Robotics, Admin of Gamma Foods."},
		{ruth.name, ruth.email, "Only owner of Palmer Rail."},
		{lina.name, lina.email, "In no organization yet, invited by two."},
	}
	return c
}

func (c *cast) acme(mara, aiko, tomas, priya, jonas, samuel, elodie, wiremu, noor *person) {
	acme, ofMara := c.found("Acme Robotics", "acme-robotics", mara, c.ago(795, 9, 30))
	mara.last = acme

	ofAiko := c.join(acme, mara, aiko, role.Member, c.ago(773, 10, 16))
	ofTomas := c.join(acme, mara, tomas, role.Admin, c.ago(773, 11, 4))
	ofPriya := c.join(acme, tomas, priya, role.Member, c.ago(636, 8, 22))
	c.changeRole(ofAiko, mara, role.Admin, c.ago(500, 9, 41))
	ofJonas := c.join(acme, mara, jonas, role.Viewer, c.ago(561, 9, 0))
	ofSamuel := c.join(acme, aiko, samuel, role.Viewer, c.ago(491, 14, 37))
	c.changeRole(ofSamuel, aiko, role.Member, c.ago(455, 8, 55))
	ofElodie := c.join(acme, aiko, elodie, role.Member, c.ago(427, 15, 9))
	c.changeRole(ofPriya, mara, role.Admin, c.ago(310, 10, 12))
	ofWiremu := c.join(acme, mara, wiremu, role.Member, c.ago(291, 22, 18))
	c.suspend(ofWiremu, aiko, c.ago(220, 9, 3))
	c.reactivate(ofWiremu, mara, c.ago(213, 7, 58))
	ofNoor := c.join(acme, priya, noor, role.Guest, c.ago(68, 12, 40))
	c.suspend(ofElodie, aiko, c.ago(15, 16, 20))

	bruno := c.person("Bruno Castellani", "bruno@castellani.example", c.ago(605, 9, 0))
	c.remove(c.join(acme, tomas, bruno, role.Member, c.ago(600, 9, 14)), mara, c.ago(120, 17, 31))
	helga := c.person("Helga Brandt", "helga.brandt@acme.example", c.ago(580, 9, 0))
	c.leave(c.join(acme, mara, helga, role.Viewer, c.ago(578, 12, 6)), c.ago(61, 18, 2))

	ofMara.seen(c.now.Add(-time.Minute))
	ofAiko.seen(c.now.Add(-12 * time.Minute))
	ofTomas.seen(c.now.Add(-2 * time.Hour))
	ofPriya.seen(c.ago(1, 16, 44))
	ofJonas.seen(c.ago(1, 9, 20))
	ofSamuel.seen(c.ago(4, 13, 0))
	ofElodie.seen(c.ago(17, 11, 25))
	ofWiremu.seen(c.ago(1, 23, 50))
	ofNoor.seen(c.ago(8, 10, 10))
	c.employ(acme, "acme.example", 51, 780, []*person{mara, tomas}, "se", "jp", "es", "in", "de", "ng", "fr", "nz", "us", "vn", "kr", "ua")

	lin := c.invite(acme, tomas, "lin.zhao@acme.example", role.Member, c.ago(5, 13, 1), 30, "")
	c.sendAgain(lin, tomas, c.ago(2, 8, 47))
	c.invite(acme, mara, "r.castellanos@acme.example", role.Member, c.ago(1, 9, 5), 30, "")
	c.invite(acme, priya, "ines@studio-moreau.example", role.Guest, c.ago(1, 14, 26), 30, "Bonjour Inès, the drawings that we talked about are here.")
	c.undelivered(c.invite(acme, mara, "f.adeyemi@acme.exmaple", role.Member, c.ago(1, 9, 5), 30, ""), "the domain takes no mail")
	c.invite(acme, mara, "kenji.mori@acme.example", role.Admin, c.now.Add(-3*time.Hour), 30, "")
	c.copyLink(c.invite(acme, aiko, "s.haddad@acme.example", role.Viewer, c.now.Add(-95*time.Minute), 30, ""), aiko, c.now.Add(-94*time.Minute))
	c.invite(acme, aiko, "hana.novak@acme.example", role.Viewer, c.ago(15, 10, 40), 7, "")
	c.invite(acme, mara, "d.achieng@acme.example", role.Member, c.ago(40, 8, 30), 7, "")
	c.revoke(c.invite(acme, aiko, "m.dupont@acme.example", role.Member, c.ago(22, 15, 15), 7, ""), aiko, c.ago(22, 15, 19))
	raul := c.invite(acme, tomas, "raul@acme.example", role.Viewer, c.ago(9, 9, 10), 7, "")
	c.inviteAs(raul, mara, role.Member, c.ago(8, 9, 30))
	c.revoke(raul, mara, c.ago(6, 17, 5))
	c.decline(c.invite(acme, mara, "not.me@elsewhere.example", role.Guest, c.ago(33, 11, 11), 7, ""), nil, c.ago(32, 6, 2))
}

// others tells of the organizations around Acme, each with a few of its people in it.
func (c *cast) others(mara, aiko, tomas, priya, jonas, samuel, elodie, wiremu, noor, ruth, lina *person) {
	idris := c.person("Idris Benali", "idris@kestrel-labs.example", c.ago(702, 8, 0))
	kestrel, ofIdris := c.found("Kestrel Labs", "kestrel-labs", idris, c.ago(700, 8, 20))
	c.join(kestrel, idris, mara, role.Admin, c.ago(640, 10, 10)).seen(c.ago(1, 11, 35))
	c.join(kestrel, idris, noor, role.Admin, c.ago(330, 9, 50)).seen(c.ago(2, 15, 0))
	c.join(kestrel, mara, priya, role.Member, c.ago(410, 12, 0)).seen(c.ago(20, 8, 8))
	c.join(kestrel, mara, samuel, role.Viewer, c.ago(300, 16, 41)).seen(c.ago(44, 9, 9))
	ofIdris.seen(c.now.Add(-40 * time.Minute))
	c.employ(kestrel, "kestrel-labs.example", 19, 690, []*person{idris}, "ma", "uk", "fr", "id")
	c.invite(kestrel, mara, "olu.fashola@kestrel-labs.example", role.Member, c.ago(2, 9, 14), 30, "")
	c.decline(c.invite(kestrel, idris, tomas.email, role.Viewer, c.ago(90, 10, 0), 7, ""), tomas, c.ago(88, 9, 0))

	grace := c.person("Grace Njoroge", "grace@beta-instruments.example", c.ago(900, 8, 0))
	beta, ofGrace := c.found("Beta Instruments", "beta-instruments", grace, c.ago(899, 12, 15))
	c.join(beta, grace, mara, role.Member, c.ago(560, 13, 30)).seen(c.ago(12, 14, 2))
	ofAiko := c.join(beta, grace, aiko, role.Admin, c.ago(555, 9, 0))
	c.changeRole(ofAiko, grace, role.Owner, c.ago(200, 10, 30))
	ofAiko.seen(c.ago(1, 8, 15))
	c.join(beta, grace, jonas, role.Member, c.ago(350, 7, 45)).seen(c.ago(3, 9, 30))
	ofGrace.seen(c.ago(1, 17, 20))
	c.employ(beta, "beta-instruments.example", 9, 890, []*person{grace}, "ke", "et", "nl")

	luca := c.person("Luca Moretti", "luca@gamma-foods.example", c.ago(520, 8, 0))
	gamma, ofLuca := c.found("Gamma Foods", "gamma-foods", luca, c.ago(519, 15, 0))
	c.join(gamma, luca, elodie, role.Admin, c.ago(430, 9, 9)).seen(c.ago(1, 15, 51))
	c.join(gamma, elodie, mara, role.Member, c.ago(330, 11, 17)).seen(c.ago(36, 10, 0))
	c.join(gamma, luca, wiremu, role.Viewer, c.ago(180, 22, 2)).seen(c.ago(90, 21, 0))
	ofLuca.seen(c.now.Add(-5 * time.Hour))
	c.employ(gamma, "gamma-foods.example", 16, 510, []*person{luca, luca}, "it", "fr", "gr", "br")
	c.invite(gamma, luca, "carla.serra@gamma-foods.example", role.Member, c.ago(25, 9, 0), 7, "")

	saoirse := c.person("Saoirse Byrne", "saoirse@harbour-vine.example", c.ago(345, 8, 0))
	harbour, ofSaoirse := c.found("Harbour & Vine", "harbour-vine", saoirse, c.ago(340, 10, 5))
	ofNoor := c.join(harbour, saoirse, noor, role.Member, c.ago(333, 14, 0))
	c.changeRole(ofNoor, saoirse, role.Owner, c.ago(250, 12, 0))
	ofNoor.seen(c.now.Add(-26 * time.Hour))
	c.join(harbour, noor, mara, role.Guest, c.ago(210, 9, 26)).seen(c.ago(150, 9, 0))
	c.join(harbour, noor, tomas, role.Member, c.ago(190, 18, 0)).seen(c.ago(6, 19, 30))
	ofSaoirse.seen(c.ago(31, 16, 58))
	c.leave(ofSaoirse, c.ago(31, 17, 0))
	c.employ(harbour, "harbour-vine.example", 4, 240, []*person{noor}, "ie", "nl")

	hanna := c.person("Hanna Virtanen", "hanna.virtanen@lumen-clinic.example", c.ago(620, 6, 0))
	lumen, ofHanna := c.found("Lumen Clinic", "lumen-clinic", hanna, c.ago(615, 6, 30))
	c.join(lumen, hanna, mara, role.Admin, c.ago(260, 8, 4)).seen(c.ago(5, 9, 59))
	c.join(lumen, hanna, samuel, role.Admin, c.ago(255, 8, 40)).seen(c.ago(1, 6, 12))
	c.join(lumen, samuel, priya, role.Guest, c.ago(100, 9, 45)).seen(c.ago(99, 9, 45))
	ofHanna.seen(c.now.Add(-9 * time.Minute))
	c.employ(lumen, "lumen-clinic.example", 31, 600, []*person{hanna}, "fi", "se", "no", "is", "pl")
	c.invite(lumen, mara, "venla.aaltonen@lumen-clinic.example", role.Member, c.ago(3, 11, 0), 30, "")
	c.undelivered(c.invite(lumen, samuel, "reception@lumen-clinic.example", role.Viewer, c.ago(4, 7, 31), 30, ""), "the mailbox does not exist")

	peter := c.person("Peter Thornton", "p.thornton@oakfield.example", c.ago(460, 7, 0))
	oakfield, ofPeter := c.found("Oakfield School", "oakfield-school", peter, c.ago(455, 7, 30))
	c.join(oakfield, peter, mara, role.Member, c.ago(160, 17, 17)).seen(c.ago(70, 18, 0))
	c.join(oakfield, peter, ruth, role.Member, c.ago(300, 9, 0)).seen(c.ago(21, 8, 0))
	ofPeter.seen(c.ago(1, 15, 5))
	c.employ(oakfield, "oakfield.example", 38, 450, []*person{peter}, "uk", "ie", "in", "ng", "pl")

	maya := c.person("Maya Robinson", "maya@tidewater.example", c.ago(390, 8, 0))
	tidewater, ofMaya := c.found("Tidewater Co-op", "tidewater-coop", maya, c.ago(388, 20, 0))
	ofWiremu := c.join(tidewater, maya, wiremu, role.Admin, c.ago(280, 21, 0))
	c.changeRole(ofWiremu, maya, role.Owner, c.ago(279, 21, 30))
	ofWiremu.seen(c.now.Add(-7 * time.Hour))
	c.join(tidewater, wiremu, mara, role.Member, c.ago(140, 22, 0)).seen(c.ago(30, 8, 0))
	c.join(tidewater, wiremu, jonas, role.Guest, c.ago(130, 9, 0)).seen(c.ago(130, 9, 30))
	ofMaya.seen(c.ago(9, 13, 13))
	c.employ(tidewater, "tidewater.example", 12, 380, []*person{maya, maya}, "us", "nz", "ie")
	c.invite(tidewater, wiremu, priya.email, role.Member, c.ago(2, 22, 5), 30, "")
	c.invite(tidewater, maya, lina.email, role.Member, c.ago(2, 18, 40), 30, "Welcome aboard, Lina. Have a look round before the meeting.")

	katrin := c.person("Katrin Ziegler", "katrin@ziegler-bau.example", c.ago(205, 6, 0))
	ziegler, ofKatrin := c.found("Ziegler Bau", "ziegler-bau", katrin, c.ago(204, 6, 45))
	c.join(ziegler, katrin, jonas, role.Admin, c.ago(200, 7, 0)).seen(c.ago(1, 6, 50))
	c.join(ziegler, jonas, mara, role.Guest, c.ago(80, 10, 0)).seen(c.ago(79, 10, 0))
	ofKatrin.seen(c.ago(2, 7, 5))
	c.employ(ziegler, "ziegler-bau.example", 6, 195, []*person{katrin}, "de", "tr", "pl")

	palmer, ofRuth := c.found("Palmer Rail", "palmer-rail", ruth, c.ago(410, 9, 0))
	ruth.last = palmer
	c.join(palmer, ruth, aiko, role.Viewer, c.ago(110, 9, 0)).seen(c.ago(55, 10, 0))
	c.join(palmer, ruth, noor, role.Member, c.ago(105, 13, 0)).seen(c.ago(10, 16, 0))
	ofRuth.seen(c.now.Add(-50 * time.Minute))
	c.employ(palmer, "palmer-rail.example", 8, 400, []*person{ruth}, "uk", "in")
	c.invite(palmer, ruth, mara.email, role.Member, c.ago(1, 10, 32), 30, "Hi Mara, this is where we keep the depot rosters. Have a look before Thursday’s call.")
	c.invite(palmer, ruth, lina.email, role.Viewer, c.ago(1, 10, 34), 30, "")
}

// employ fills an organization with people who have no part of their own: mostly members, some viewers and
// guests, one admin among the first, one suspended among many.
func (c *cast) employ(o *organization, domain string, n, sinceDays int, by []*person, places ...string) {
	start, end := c.ago(sinceDays, 7, 0), c.ago(6, 7, 0)
	nth := map[string]int{}
	for i := range n {
		place := places[i%len(places)]
		called := c.names.from(place, 7*len(o.name)+nth[place])
		nth[place]++
		chance := number(o.slug, called.local)
		joined := start.Add(end.Sub(start) * time.Duration(i+1) / time.Duration(n+1)).Truncate(day).
			Add(7*time.Hour + time.Duration(chance%(10*3600))*time.Second)
		as := role.Member
		switch {
		case i == 3*len(by):
			as = role.Admin // by the first of those who invite
		case i%9 == 5:
			as = role.Viewer
		case i%14 == 12:
			as = role.Guest
		}
		who := c.person(called.name, called.local+"@"+domain, joined.Add(-time.Duration(chance%5000)*time.Second))
		m := c.join(o, by[i%len(by)], who, as, joined)
		switch {
		case as == role.Viewer && i%2 == 0:
			c.changeRole(m, by[0], role.Member, joined.Add(5*day+2*time.Hour))
		case i%17 == 16:
			c.suspend(m, by[0], end.Add(time.Duration(chance%uint64(4*day))))
		}
		m.seen(lastSeen(m, c.now, chance))
	}
}

// foundNorthwind makes the large organization and its people with a name. The crowd joins later.
func (c *cast) foundNorthwind(mara, aiko, tomas, noor *person) {
	founded := c.now.Add(-northwindAge)
	ingrid := c.person("Ingrid Solberg", "ingrid.solberg@"+northwindMail, founded.Add(-time.Hour))
	c.northwind = &organization{id: northwindID, name: northwindName, slug: northwindSlug, days: 30, since: founded}
	ingrid.last = c.northwind
	ofIngrid := c.foundAs(c.northwind, ingrid)
	ofIngrid.seen(c.now.Add(-4 * time.Minute))
	c.inviters, c.staff = append(c.inviters, ofIngrid), append(c.staff, ofIngrid)

	for n, one := range []struct {
		name, email string
		role        role.Role
	}{
		{"Marcus Reid", "marcus.reid@" + northwindMail, role.Owner},
		{"Chiamaka Obi", "chiamaka.obi@" + northwindMail, role.Admin},
		{"Arjun Mehta", "arjun.mehta@" + northwindMail, role.Admin},
		{"Zofia Kamińska", "zofia.kaminska@" + northwindMail, role.Admin},
	} {
		joined := founded.Add(time.Duration(20+9*n)*day + 25*time.Minute)
		who := c.person(one.name, one.email, joined.Add(-10*time.Minute))
		m := c.join(c.northwind, ingrid, who, role.Admin, joined)
		if one.role == role.Owner {
			c.changeRole(m, ingrid, role.Owner, joined.Add(30*day))
		}
		m.seen(c.now.Add(-time.Duration(3+17*n) * time.Hour))
		c.inviters, c.staff = append(c.inviters, m), append(c.staff, m)
	}
	for _, m := range []*membership{
		c.join(c.northwind, ingrid, mara, role.Admin, c.ago(120, 9, 0)),
		c.join(c.northwind, ingrid, aiko, role.Member, c.ago(118, 9, 0)),
		c.join(c.northwind, ingrid, tomas, role.Viewer, c.ago(117, 15, 30)),
		c.join(c.northwind, ingrid, noor, role.Guest, c.ago(64, 11, 45)),
	} {
		m.seen(c.ago(1+int(number(m.who.email)%9), 12, 34))
		c.staff = append(c.staff, m)
	}
}
