package roster

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"roster/internal/fault"
	"roster/internal/role"
)

// people spells the rows that are read from a file: 2 ann@x.example "Ann" member.
func people(t *testing.T, file string) string {
	t.Helper()
	_, _, rows, err := parseFile([]byte(file))
	if f, ok := fault.As(err); ok {
		return f.Error()
	}
	var all []string
	for _, r := range rows {
		one := fmt.Sprintf("%d %s %q", r.N, r.Email, r.Name)
		if r.Role != "" {
			one += " " + cmp.Or(string(r.As(role.Member)), "?"+r.Role)
		}
		if r.Message != "" {
			one += " says " + r.Message
		}
		if r.Kind != "" {
			one += " " + r.Kind + ": " + r.Note
		}
		all = append(all, one)
	}
	return strings.Join(all, "\n")
}

// Files as programs write them and people keep them are read as they are meant: the columns, who is gone, and the roles.
func TestFilesAreReadAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		// B215: headings in the language of the spreadsheet program.
		{"B215 German", "\ufeffVorname;Nachname;E-Mail-Adresse;Rolle\r\nJörg;Müller;jm@x.example;member\r\nEva;Krüger;ek@x.example;Leser\r\n", "2 jm@x.example \"Jörg Müller\" member\n3 ek@x.example \"Eva Krüger\" viewer"},
		{"B215 German, name and first name", "Name;Vorname;Telefon;E-Mail geschäftlich\nMüller;Jörg;0201;jm@x.example", "2 jm@x.example \"Jörg Müller\""},
		{"B215 French", "Nom,Prénom,Courriel,Rôle\nDurand,Zoé,zoe@x.example,Administratrice\nPetit,Luc,luc@x.example,invité", "2 zoe@x.example \"Zoé Durand\" admin\n3 luc@x.example \"Luc Petit\" guest"},
		{"B215 French, without accents, in capitals", "PRENOM;NOM DE FAMILLE;ADRESSE E-MAIL\nZoé;Durand;zoe@x.example", "2 zoe@x.example \"Zoé Durand\""},
		{"B215 Spanish", "Nombre;Apellidos;Correo electrónico;Rol\nAna;Ruiz Gil;ana@x.example;usuaria", "2 ana@x.example \"Ana Ruiz Gil\" member"},
		{"B215 Italian", "Nome;Cognome;Indirizzo e-mail;Ruolo\nCarla;Rossi;c@x.example;Sola lettura", "2 c@x.example \"Carla Rossi\" viewer"},
		{"B215 Portuguese", "Nome completo;Endereço de e-mail;Papel\nRui Sá;rui@x.example;convidado", "2 rui@x.example \"Rui Sá\" guest"},
		{"B215 Dutch", "Voornaam\tAchternaam\tE-mailadres\tRol\nSanne\tde Vries\ts@x.example\tbeheerder", "2 s@x.example \"Sanne de Vries\" admin"},
		{"B215 Polish", "Imię;Nazwisko;Adres e-mail;Rola\nŁucja;Żak;l@x.example;tylko do odczytu", "2 l@x.example \"Łucja Żak\" viewer"},
		{"B215 Swedish", "Förnamn;Efternamn;E-postadress;Roll\nÅsa;Öberg;a@x.example;Medlem", "2 a@x.example \"Åsa Öberg\" member"},
		{"B215 Danish", "Fulde navn;E-mailadresse;Rettigheder\nBo Lund;bo@x.example;Gæst", "2 bo@x.example \"Bo Lund\" guest"},
		{"B215 Norwegian", "Fornavn;Etternavn;E-post\nLiv;Moe;liv@x.example", "2 liv@x.example \"Liv Moe\""},
		{"B215 Finnish", "Etunimi;Sukunimi;Sähköpostiosoite;Rooli\nAino;Mäki;a@x.example;Ylläpitäjä", "2 a@x.example \"Aino Mäki\" admin"},
		{"B215 Czech", "Jméno;Příjmení;E-mail;Role\nJana;Nová;j@x.example;Uživatel", "2 j@x.example \"Jana Nová\" member"},
		{"B215 Hungarian", "Vezetéknév;Keresztnév;E-mail cím;Beosztás\nKis;Éva;e@x.example;főnök", "2 e@x.example \"Éva Kis\""},
		{"B215 Turkish", "ADI;SOYADI;E-POSTA ADRESİ;YETKİ\nİpek;Işık;i@x.example;Kullanıcı", "2 i@x.example \"İpek Işık\" member"},
		{"B215 Japanese", "氏名,メールアドレス,権限\n佐藤 花子,h@x.example,管理者", "2 h@x.example \"佐藤 花子\" admin"},
		{"B215 Japanese, in two columns and full width", "姓,名,Ｅ－ｍａｉｌ\n佐藤,花子,h@x.example", "2 h@x.example \"佐藤花子\""},
		{"B215 Chinese", "姓名,部门,电子邮箱,角色\n李小龙,研发,l@x.example,只读", "2 l@x.example \"李小龙\" viewer"},
		{"B215 Korean", "이름,이메일 주소,역할\n김민수,k@x.example,게스트", "2 k@x.example \"김민수\" guest"},
		{"B215 Russian", "Фамилия;Имя;Электронная почта;Роль\nИванов;Пётр;p@x.example;Пользователь", "2 p@x.example \"Пётр Иванов\" member"},
		{"B215 Arabic", "الاسم الكامل,البريد الإلكتروني\nليلى,l@x.example", "2 l@x.example \"ليلى\""},
		{"B215 in two languages", "Name / Nom,E-mail / Courriel,Role / Rôle\nAnn,a@x.example,viewer", "2 a@x.example \"Ann\" viewer"},
		{"B215 a language that is not known", "Sibizo;Ikheli;Umsebenzi\nAyanda Zulu;a@x.example;inhloko\nBo Lund;b@x.example;umabhalane", "2 a@x.example \"Ayanda Zulu\"\n3 b@x.example \"Bo Lund\""},
		{"B215 a language that is not known, with roles", "Ikheli;Indima;Sibizo\na@x.example;viewer;Ayanda\nb@x.example;admin;Bo", "2 a@x.example \"Ayanda\" viewer\n3 b@x.example \"Bo\" admin"},
		{"B215 a language that is half known, below a title", "Abasebenzi\n\nSibizo;Ikheli;Status\nAyanda Zulu;a@x.example;active\nBo Lund;b@x.example;suspended", "4 a@x.example \"Ayanda Zulu\"\n5 b@x.example \"Bo Lund\" gone: The file says “suspended”."},
		{"B215 no headings, and cells that are called so", "Ann;;user;active\nBen;b@x.example;user;active\nCem;c@x.example;user;active", "1  \"Ann\" member says active\n2 b@x.example \"Ben\" member says active\n3 c@x.example \"Cem\" member says active"},
		{"B288 no good address", "Who,Where\nAnn,ann@intranet\nBen,ben@intranet", "2 ann@intranet \"Ann\"\n3 ben@intranet \"Ben\""},
		{"B215 a word for mail that is not known", "Who,Mailbox (work),What\nAnn,a@x.example,recruiter", "2 a@x.example \"\""},

		// B217: notes above the headings.
		{"B217 LinkedIn", "Notes:\n\"When exporting your connections, you may notice that some addresses are missing. Write to help@x.example.\"\n\nFirst Name,Last Name,URL,Email Address,Company,Position,Connected On\nPriya,Rao,https://x.example/p,,\"Stripes, Inc.\",Recruiter,12 Mar 2024\nArjun,Iyer,https://x.example/a,arjun@x.example,Amazonia,\"Manager, Payments\",03 Jan 2023\n",
			"5  \"Priya Rao\"\n6 arjun@x.example \"Arjun Iyer\""},
		{"B217 who has exported", "Exported by;ann@x.example\nOn;2026-12-01\n\nName;E-Mail;Rolle\nBo Lund;bo@x.example;Gast", "5 bo@x.example \"Bo Lund\" guest"},
		{"B217 people come before what looks like headings", "a@x.example,Ann,member\nemail,name,role\nb@x.example,Ben,viewer", "1 a@x.example \"Ann\" member\n2 email \"name\" ?role\n3 b@x.example \"Ben\" viewer"},

		// B219: what other systems call an address.
		{"B219 Microsoft 365, template", "User Name,First Name,Last Name,Display Name,Job Title,Department,Office Number,Address,City\nchris@x.example,Chris,Green,Chris Green,Manager,IT,1,1 Way,Redmond", "2 chris@x.example \"Chris Green\""},
		{"B219 Microsoft 365, active users", "Block credential,City,Department,Display name,First name,Last name,Licenses,Title,User principal name\nFalse,Berlin,IT,Jörg M.,Jörg,Müller,E3,Manager,j@x.example\nTrue,Hamburg,IT,Eva K.,Eva,Krüger,Unlicensed,,e@x.example",
			"2 j@x.example \"Jörg Müller\"\n3 e@x.example \"Eva Krüger\" gone: The file says “Block credential: True”."},
		{"B219 Entra", "id,userPrincipalName,displayName,mail,userType,accountEnabled\n1,a_x#EXT#@y.example,Ann,ann@x.example,Guest,TRUE\n2,b@y.example,Ben,ben@x.example,Member,FALSE", "2 ann@x.example \"Ann\" guest\n3 ben@x.example \"Ben\" member gone: The file says “accountEnabled: FALSE”."},
		{"B219 Google Workspace", "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],Recovery Email,Status [READ ONLY]\nAnn,Lee,ann@x.example,****,/,ann@home.example,Active\nBen,Oh,ben@x.example,****,/,,Suspended",
			"2 ann@x.example \"Ann Lee\"\n3 ben@x.example \"Ben Oh\" gone: The file says “Suspended”."},
		{"B219 Okta", "Id,login,firstName,lastName,email,status\n00u,ann.lee,Ann,Lee,ann@x.example,ACTIVE\n00v,ben.oh,Ben,Oh,ben@x.example,DEPROVISIONED", "2 ann@x.example \"Ann Lee\"\n3 ben@x.example \"Ben Oh\" gone: The file says “DEPROVISIONED”."},
		{"B219 GitHub", "login,name,tfa_enabled,is_public,role,last_active,saml_name_id\nannlee,Ann Lee,true,false,Admin,2026-01-01,ann@x.example\nbenoh,,true,false,User,,ben@x.example", "2 ann@x.example \"Ann Lee\" admin\n3 ben@x.example \"benoh\" member"},
		{"B219 Mattermost", "Id,Username,Email,First Name,Last Name,Roles,DeleteAt\n1,ann,ann@x.example,Ann,Lee,system_user system_admin,0\n2,ben,ben@x.example,,,system_user,1700000000000", "2 ann@x.example \"Ann Lee\" admin\n3 ben@x.example \"ben\" member gone: The file says “DeleteAt: 1700000000000”."},
		{"B219 Outlook contacts", "First Name,Middle Name,Last Name,E-mail Address,E-mail 2 Address,E-mail Display Name\nAnn,,Lee,ann@x.example,,Ann Lee (ann@x.example)", "2 ann@x.example \"Ann Lee\""},
		{"B219 user names that are none", "Username,Role\nann@x.example,viewer", "2 ann@x.example \"\" viewer"},
		{"B219 a column that is called so and is empty", "Email,Work mailbox,Name\n,ann@x.example,Ann\n,ben@x.example,Ben", "2 ann@x.example \"Ann\"\n3 ben@x.example \"Ben\""},

		// B221: who is gone, or nobody.
		{"B221 Slack", "username,email,status,billing-active,userid,fullname,displayname\njdoe,jane@x.example,Admin,1,U1,Jane Doe,jane\nbstone,bob@x.example,Deactivated,0,U2,Bob Stone,bob\nbeep,beep@x.example,Bot,0,U3,Beep,beep\ncarol,carol@x.example,Multi-Channel Guest,1,U4,Carol King,carol\ndan,dan@x.example,Member,1,U5,Dan,d",
			"2 jane@x.example \"Jane Doe\" admin\n3 bob@x.example \"Bob Stone\" gone: The file says “Deactivated”.\n4 beep@x.example \"Beep\" gone: The file says “Bot”.\n5 carol@x.example \"Carol King\" guest\n6 dan@x.example \"Dan\" member"},
		{"B221 in German", "E-Mail;Name;Status\na@x.example;Ann;aktiv\nb@x.example;Ben;deaktiviert\nc@x.example;Cem;Gesperrt", "2 a@x.example \"Ann\"\n3 b@x.example \"Ben\" gone: The file says “deaktiviert”.\n4 c@x.example \"Cem\" gone: The file says “Gesperrt”."},
		{"B221 zeros and ones", "email,is_active,is_bot\na@x.example,1,0\nb@x.example,0,0\nc@x.example,1,1", "2 a@x.example \"\"\n3 b@x.example \"\" gone: The file says “is_active: 0”.\n4 c@x.example \"\" gone: The file says “is_bot: 1”."},
		{"B221 yes and no", "email,Actif\na@x.example,oui\nb@x.example,non", "2 a@x.example \"\"\n3 b@x.example \"\" gone: The file says “Actif: non”."},
		{"B221 since when", "email,status\na@x.example,Deactivated on 3 May\nb@x.example,Active since 3 May", "2 a@x.example \"\" gone: The file says “Deactivated on 3 May”.\n3 b@x.example \"\""},
		{"B221 instead of a role", "email,role\na@x.example,Deactivated\nb@x.example,viewer", "2 a@x.example \"\" gone: The file says “Deactivated”.\n3 b@x.example \"\" viewer"},

		// B223: what separates, and names with a comma.
		{"B223 last name first", "Ruiz, Ana;ana@x.example\r\nLund, Bo;bo@x.example\r\nÓ Briain, Zoë;zoe@x.example\r\n", "1 ana@x.example \"Ana Ruiz\"\n2 bo@x.example \"Bo Lund\"\n3 zoe@x.example \"Zoë Ó Briain\""},
		{"B223 not all are so", "Ruiz, Ana;ana@x.example\nBo Lund;bo@x.example", "1 ana@x.example \"Ruiz, Ana\"\n2 bo@x.example \"Bo Lund\""},
		{"B223 a title behind", "Ana Ruiz, PhD;ana@x.example\nBo Lund, MD;bo@x.example", "1 ana@x.example \"Ana Ruiz, PhD\"\n2 bo@x.example \"Bo Lund, MD\""},
		{"B223 one alone", "Ruiz, Ana\tana@x.example", "1 ana@x.example \"Ruiz, Ana\""},
		{"B223 names in two columns", "Ruiz;Ana;ana@x.example;viewer\nLund;Bo;bo@x.example;member", "1 ana@x.example \"Ruiz Ana\" viewer\n2 bo@x.example \"Lund Bo\" member"},

		// B224: the roles by other words.
		{"B224", "Email,Role\na@x.example,Administrator\nb@x.example,ADMIN\nc@x.example,User\nd@x.example,Mitglied\ne@x.example,Read-only\nf@x.example,Owner\ng@x.example,Praktikant\nh@x.example,\"Guest, Viewer\"\ni@x.example,Read/Write",
			"2 a@x.example \"\" admin\n3 b@x.example \"\" admin\n4 c@x.example \"\" member\n5 d@x.example \"\" member\n6 e@x.example \"\" viewer\n7 f@x.example \"\" owner\n8 g@x.example \"\" ?Praktikant\n9 h@x.example \"\" viewer\n10 i@x.example \"\" ?Read/Write"},

		// What was right.
		{"B241", "\ufeffEmail,Name,Role\r\nana@x.example,Ana Ruiz,member\r\n", "2 ana@x.example \"Ana Ruiz\" member"},
		{"B242", "\xff\xfeE\x00m\x00a\x00i\x00l\x00\t\x00N\x00a\x00m\x00e\x00\r\x00\n\x00a\x00@\x00x\x00.\x00i\x00o\x00\t\x00A\x00n\x00n\x00", "2 a@x.io \"Ann\""},
		{"B243", "E-Mail;Name;Rolle\r\ns@x.example;St\xe9phane;viewer\r\n", "2 s@x.example \"Stéphane\" viewer"},
		{"B245", "Email;Name;;;;\r\nana@x.example;Ana Ruiz;;;;\r\n;;;;;\r\nbo@x.example;Bo Lund;;;;\r\n;;;;;\r\n", "2 ana@x.example \"Ana Ruiz\"\n4 bo@x.example \"Bo Lund\""},
		{"B249", "Name,Email\nAna Ruiz,\"ana@x.example; ana.ruiz@y.example\"\nBo Lund,bo@x.example", "2 ana@x.example; ana.ruiz@y.example \"Ana Ruiz\"\n3 bo@x.example \"Bo Lund\""},
		{"B277 pipes", "Name|Email|Role\nAna Ruiz|ana@x.example|member", "Row 1 has 1 column. We need at least an e-mail column. Is it separated by something other than , ; or tab?"},
		{"B277 HTML", "<html><head><meta charset=\"utf-8\"></head><body><table><tr><th>Email</th><th>Name</th></tr>\n<tr><td>ana@x.example</td><td>Ana Ruiz</td></tr></table></body></html>", "Row 1 has 1 column. We need at least an e-mail column."},
		{"columns in their order", "a@x.example,Ann,recruiter,Hello\nb@,Ben", "1 a@x.example \"Ann\" ?recruiter says Hello\n2 b@ \"Ben\""},
		{"a name first", "Ann,a@x.example,recruiter", "1 a@x.example \"Ann\" ?recruiter"},
		{"one column with a word in it", "bob\na@x.example\nb@x.example", "1 bob \"\"\n2 a@x.example \"\"\n3 b@x.example \"\""},
		{"one column that is named", "Mitglieder-Mail\na@x.example", "2 a@x.example \"\""},
		{"a person without an address above", "Ann,no address,member\nBen,b@x.example,viewer\nCem,c@x.example,viewer", "1 no address \"Ann\" member\n2 b@x.example \"Ben\" viewer\n3 c@x.example \"Cem\" viewer"},
	} {
		if got := people(t, test.file); got != test.want && (!strings.HasPrefix(test.name, "B277") || !strings.HasPrefix(got, test.want)) {
			t.Errorf("%s is read as\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

// A word of the tables is one thing wherever it is read: no role is another one too, nobody is gone and here, and every word
// of headings is found.
func TestWordsOfFilesAreClear(t *testing.T) {
	t.Parallel()
	all := map[string]role.Role{}
	for r, list := range roleWords {
		for word := range words(list) {
			if other, ok := all[word]; ok {
				t.Errorf("%q is %s and %s", word, r, other)
			}
			all[word] = r
			if goneWords[word] {
				t.Errorf("%q is a role, and somebody who is gone", word)
			}
		}
	}
	for word := range yesWords {
		if noWords[word] {
			t.Errorf("%q is yes and no", word)
		}
	}
	for _, v := range vocabularies {
		for word := range words(v.here) {
			if headingOf[word] != columnHere || goneWords[word] {
				t.Errorf("%s: %q is said of who is here, and of %d", v.of, word, headingOf[word])
			}
		}
		for word := range words(v.email) {
			if headingOf[word] != columnEmail {
				t.Errorf("%s: %q is an address, and %d", v.of, word, headingOf[word])
			}
		}
	}
	for _, r := range role.All {
		if got, ok := namedRole(string(r), ""); !ok || got != r {
			t.Errorf("%s is read as %q", r, got)
		}
		if got, ok := namedRole(r.Label(), ""); !ok || got != r {
			t.Errorf("%s is read as %q", r.Label(), got)
		}
	}
}
