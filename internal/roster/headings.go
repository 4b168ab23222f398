package roster

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"roster/internal/role"
)

// What columns of a file hold.
const (
	columnEmail   = iota
	columnUser    // a name to log in with, or an address
	columnName    // the whole name, or a part of it where another column has the rest
	columnFull    // the whole name
	columnDisplay // what others see of it
	columnFirst
	columnLast
	columnRole
	columnStatus // whether somebody is here, in a word; or a role
	columnGone   // yes, if somebody is gone
	columnHere   // no, if somebody is gone
	columnGoneAt // when somebody went
	columnMessage
	columns
)

// A vocabulary is how a language, or a program, calls the columns of people. Words are separated by commas, the likeliest
// first; case, accents, and what stands between letters do not matter.
type vocabulary struct {
	of                                            string
	email, user, name, full, display, first, last string
	role, status, gone, here, goneAt, message     string
}

// vocabularies are those that are known. Another language is another line.
var vocabularies = []vocabulary{
	{of: "English", email: "E-mail, E-mail address, Mail, Mail address, Email ID, Mail ID, E-mails, Email addresses, Work e-mail, Work email address, Business e-mail, Company e-mail, User e-mail, User email address, Primary e-mail, Primary email address, Contact e-mail, Member e-mail, Member email address, Employee e-mail, Invitee e-mail, Login e-mail, Account e-mail",
		user: "User name, Login, Login name, Login ID, User login, Logon name, Account name, User", name: "Name, Names", full: "Full name, Real name, Person, Member name, Employee name, Complete name, First and last name, User full name, Employee, Contact name",
		display: "Display name, Displayed name, Shown name", first: "First name, Given name, Forename, Christian name, First names, First, Given names, User first name", last: "Last name, Family name, Surname, Last names, Last, User last name",
		role:   "Role, Roles, Org role, Organization role, Organisation role, User role, Member role, Team role, Workspace role, System role, Site role, Access role, Account role, Role name, User type, Member type, Account type, Access level, Permission, Permissions, Permission level",
		status: "Status, State, Account status, User status, Member status, Membership status, Account state, Employment status, Employee status",
		gone:   "Deactivated, Disabled, Suspended, Deleted, Inactive, Archived, Blocked, Locked, Banned, Removed, Terminated, Is deactivated, Is disabled, Is suspended, Is deleted, Is inactive, Is archived, Is blocked, Is banned, Is bot, Bot, Account disabled, User disabled, Former, Has left",
		here:   "Active, Enabled, Is active, Is enabled, Account enabled, Account active, User enabled, User active, Currently active", goneAt: "Deleted at, Deactivated at, Suspended at, Disabled at, Archived at, Deleted on, Deactivated on, Date deleted, Date deactivated, Left on, Left at",
		message: "Message"},
	{of: "German", email: "E-Mail, E-Mail-Adresse, Mailadresse, Mail-Adresse, E-Mail geschäftlich, E-Mail dienstlich, Geschäftliche E-Mail, Dienstliche E-Mail, E-Mail-Adressen", user: "Benutzername, Anmeldename, Nutzername, Benutzer, Benutzerprinzipalname", name: "Name, Namen", full: "Vollständiger Name, Vor- und Nachname, Vor- und Zuname, Name und Vorname, Ganzer Name",
		display: "Anzeigename", first: "Vorname, Vornamen, Rufname", last: "Nachname, Familienname, Zuname, Nachnamen", role: "Rolle, Rollen, Berechtigung, Berechtigungen, Benutzerrolle, Zugriffsrolle, Benutzertyp, Benutzerart, Kontotyp", status: "Zustand, Kontostatus, Benutzerstatus, Mitgliedsstatus, Mitgliedschaftsstatus",
		gone: "Deaktiviert, Gesperrt, Gelöscht, Inaktiv, Ausgeschieden, Archiviert, Anmeldung gesperrt, Anmeldeinformationen blockieren, Anmeldung blockiert, Blockiert", here: "Aktiv, Aktiviert, Konto aktiviert, Konto aktiv", goneAt: "Gelöscht am, Deaktiviert am, Ausgetreten am, Ausgeschieden am", message: "Nachricht"},
	{of: "French", email: "Adresse e-mail, Adresse mail, Courriel, Adresse courriel, Adresse électronique, Adresse de courriel, Adresse de messagerie, Messagerie, Courrier électronique, Mél", user: "Nom d'utilisateur, Identifiant, Nom d’utilisateur principal, Pseudo", name: "Nom, Noms", full: "Nom complet, Nom et prénom, Prénom et nom, Nom prénom, Prénom nom", display: "Nom d'affichage, Nom affiché, Nom complet affiché",
		first: "Prénom, Prénoms", last: "Nom de famille, Patronyme", role: "Rôle, Rôles, Droits, Autorisation, Autorisations, Type d'utilisateur", status: "Statut, État, Statut du compte, État du compte", gone: "Désactivé, Suspendu, Supprimé, Inactif, Bloqué, Archivé, Bloquer les informations d'identification, Connexion bloquée", here: "Actif, Activé, Compte activé, Compte actif", goneAt: "Supprimé le, Désactivé le", message: "Message"},
	{of: "Spanish", email: "Correo, Correo electrónico, Dirección de correo, Dirección de correo electrónico, Dirección de email, Dirección electrónica, Correo-e, E-mail corporativo", user: "Usuario, Nombre de usuario, Nombre principal de usuario", name: "Nombre, Nombres", full: "Nombre completo, Nombre y apellidos, Nombre y apellido, Apellidos y nombre, Apellido y nombre", display: "Nombre para mostrar, Nombre visible, Nombre mostrado",
		first: "Nombre de pila, Primer nombre", last: "Apellido, Apellidos, Primer apellido", role: "Rol, Roles, Permiso, Permisos, Tipo de usuario", status: "Estado, Estado de la cuenta, Estatus, Situación", gone: "Desactivado, Suspendido, Eliminado, Inactivo, Bloqueado, Deshabilitado, Bloquear credencial, Archivado", here: "Activo, Habilitado, Activado, Cuenta habilitada", goneAt: "Eliminado el, Desactivado el", message: "Mensaje"},
	{of: "Catalan", email: "Correu, Correu electrònic, Adreça electrònica, Adreça de correu", user: "Usuari, Nom d'usuari", name: "Nom", full: "Nom complet, Nom i cognoms", last: "Cognom, Cognoms", role: "Rol, Permís", status: "Estat", gone: "Desactivat, Suspès, Eliminat", here: "Actiu, Activat", message: "Missatge"},
	{of: "Italian", email: "Indirizzo e-mail, Indirizzo di posta, Posta elettronica, Indirizzo di posta elettronica, Indirizzo mail, Indirizzo email", user: "Nome utente, Utente", name: "Nome, Nomi, Nominativo", full: "Nome completo, Nome e cognome, Cognome e nome", display: "Nome visualizzato", first: "Nome di battesimo, Primo nome", last: "Cognome, Cognomi",
		role: "Ruolo, Ruoli, Permesso, Permessi, Autorizzazione, Tipo utente", status: "Stato, Stato account", gone: "Disattivato, Sospeso, Eliminato, Inattivo, Bloccato, Disabilitato, Blocca credenziali, Archiviato", here: "Attivo, Abilitato, Attivato, Account abilitato", goneAt: "Eliminato il, Disattivato il", message: "Messaggio"},
	{of: "Portuguese", email: "Correio eletrónico, Correio eletrônico, Correio electrónico, Endereço de e-mail, Endereço de email, Endereço eletrônico, Endereço de correio eletrónico", user: "Usuário, Utilizador, Nome de usuário, Nome de utilizador", name: "Nome, Nomes", full: "Nome completo, Nome e sobrenome, Nome e apelido", display: "Nome de exibição, Nome a apresentar, Nome para exibição", first: "Primeiro nome, Nome próprio",
		last: "Sobrenome, Apelido, Último nome, Nome de família, Apelidos, Sobrenomes", role: "Papel, Papéis, Função de acesso, Permissão, Permissões, Cargo de acesso, Tipo de usuário", status: "Situação, Estado, Status da conta, Estado da conta", gone: "Desativado, Suspenso, Excluído, Eliminado, Inativo, Bloqueado, Bloquear credencial, Arquivado", here: "Ativo, Habilitado, Ativado, Conta ativada", goneAt: "Excluído em, Desativado em", message: "Mensagem"},
	{of: "Dutch", email: "E-mailadres, Mailadres, Emailadres, Zakelijk e-mailadres", user: "Gebruikersnaam, Gebruiker, Inlognaam", name: "Naam, Namen", full: "Volledige naam, Voor- en achternaam, Naam en voornaam", display: "Weergavenaam", first: "Voornaam, Roepnaam, Voornamen", last: "Achternaam, Familienaam", role: "Rol, Rollen, Rechten, Machtiging, Gebruikersrol, Gebruikerstype", status: "Toestand, Accountstatus",
		gone: "Gedeactiveerd, Geblokkeerd, Verwijderd, Inactief, Uitgeschakeld, Referentie blokkeren, Gearchiveerd", here: "Actief, Ingeschakeld, Geactiveerd", goneAt: "Verwijderd op, Gedeactiveerd op", message: "Bericht"},
	{of: "Polish", email: "Adres e-mail, Adres email, Poczta, Poczta elektroniczna, Adres poczty, Adres poczty elektronicznej, Mejl", user: "Nazwa użytkownika, Użytkownik, Login", name: "Nazwa", full: "Imię i nazwisko, Pełne imię i nazwisko, Nazwisko i imię, Pełna nazwa", display: "Nazwa wyświetlana", first: "Imię, Imiona", last: "Nazwisko", role: "Rola, Role, Uprawnienia, Typ użytkownika", status: "Stan, Stan konta, Status konta",
		gone: "Dezaktywowany, Zawieszony, Usunięty, Nieaktywny, Zablokowany, Wyłączony, Zablokuj poświadczenie", here: "Aktywny, Aktywne, Włączony, Włączone", goneAt: "Usunięto", message: "Wiadomość"},
	{of: "Swedish", email: "E-post, E-postadress, Mejl, Mejladress, Mailadress, Epostadress", user: "Användarnamn, Användare", name: "Namn", full: "Fullständigt namn, Hela namnet, För- och efternamn", display: "Visningsnamn", first: "Förnamn, Tilltalsnamn", last: "Efternamn", role: "Roll, Roller, Behörighet, Användarroll, Användartyp", status: "Kontostatus", gone: "Inaktiverad, Avstängd, Borttagen, Inaktiv, Spärrad, Blockerad, Avslutad", here: "Aktiv, Aktiverad", message: "Meddelande"},
	{of: "Danish", email: "E-mailadresse, Mailadresse, E-postadresse, E-post", user: "Brugernavn, Bruger", name: "Navn", full: "Fulde navn, For- og efternavn", display: "Vist navn, Visningsnavn", first: "Fornavn, Fornavne", last: "Efternavn", role: "Rolle, Roller, Rettigheder, Brugertype", status: "Tilstand, Kontostatus", gone: "Deaktiveret, Suspenderet, Slettet, Inaktiv, Spærret, Blokeret", here: "Aktiv, Aktiveret", message: "Besked"},
	{of: "Norwegian", email: "E-post, E-postadresse, Epostadresse", user: "Brukernavn, Bruker, Brukarnamn", name: "Navn, Namn", full: "Fullt navn, For- og etternavn", display: "Visningsnavn", first: "Fornavn, Førenamn", last: "Etternavn, Etternamn", role: "Rolle, Roller, Rettigheter, Brukertype", status: "Tilstand, Kontostatus", gone: "Deaktivert, Suspendert, Slettet, Inaktiv, Sperret, Blokkert", here: "Aktiv, Aktivert", message: "Melding"},
	{of: "Finnish", email: "Sähköposti, Sähköpostiosoite, S-posti, Työsähköposti", user: "Käyttäjätunnus, Käyttäjänimi, Käyttäjä", name: "Nimi", full: "Koko nimi, Etu- ja sukunimi", display: "Näyttönimi, Näytettävä nimi", first: "Etunimi, Etunimet, Kutsumanimi", last: "Sukunimi", role: "Rooli, Roolit, Käyttöoikeus, Käyttöoikeudet, Käyttäjärooli", status: "Tila, Tilin tila", gone: "Poistettu, Estetty, Ei käytössä, Passiivinen, Suljettu", here: "Aktiivinen, Käytössä", message: "Viesti"},
	{of: "Icelandic", email: "Netfang, Tölvupóstur, Tölvupóstfang", user: "Notandanafn, Notandi", name: "Nafn", full: "Fullt nafn", first: "Fornafn, Eiginnafn", last: "Eftirnafn, Kenninafn", role: "Hlutverk", status: "Staða", here: "Virkur", gone: "Óvirkur", message: "Skilaboð"},
	{of: "Czech", email: "E-mailová adresa, Elektronická pošta, Mailová adresa", user: "Uživatelské jméno, Uživatel, Přihlašovací jméno", name: "Jméno", full: "Celé jméno, Jméno a příjmení, Příjmení a jméno", display: "Zobrazované jméno, Zobrazovaný název", first: "Křestní jméno", last: "Příjmení", role: "Role, Oprávnění, Typ uživatele", status: "Stav, Stav účtu", gone: "Deaktivováno, Deaktivovaný, Pozastaveno, Smazáno, Neaktivní, Blokováno, Zakázáno", here: "Aktivní, Povoleno", message: "Zpráva"},
	{of: "Slovak", email: "E-mailová adresa, Elektronická pošta", user: "Používateľské meno, Používateľ", name: "Meno", full: "Celé meno, Meno a priezvisko, Priezvisko a meno", display: "Zobrazované meno", first: "Krstné meno", last: "Priezvisko", role: "Rola, Úloha, Oprávnenie", status: "Stav, Stav účtu", gone: "Deaktivovaný, Neaktívny, Zablokovaný, Odstránený", here: "Aktívny", message: "Správa"},
	{of: "Hungarian", email: "E-mail cím, Emailcím, E-mail-cím, Villanyposta", user: "Felhasználónév, Felhasználó", name: "Név", full: "Teljes név", display: "Megjelenítendő név", first: "Keresztnév, Utónév", last: "Vezetéknév, Családnév", role: "Szerepkör, Szerep, Jogosultság", status: "Állapot, Státusz", gone: "Letiltva, Törölve, Inaktív, Felfüggesztve", here: "Aktív, Engedélyezve", message: "Üzenet"},
	{of: "Romanian", email: "Adresă de e-mail, Adresă e-mail, Adresa de email, Poștă electronică", user: "Nume de utilizator, Utilizator", name: "Nume", full: "Nume complet, Nume și prenume, Prenume și nume", display: "Nume afișat", first: "Prenume", last: "Nume de familie", role: "Rol, Roluri, Permisiuni", status: "Stare, Stare cont", gone: "Dezactivat, Suspendat, Șters, Inactiv, Blocat", here: "Activ, Activat", message: "Mesaj"},
	{of: "Croatian, Bosnian, Serbian, Slovenian", email: "E-pošta, Elektronička pošta, Elektronska pošta, Email adresa, E-mail adresa, Adresa e-pošte, E-poštni naslov, Elektronski naslov, Е-пошта, Имејл, Имејл адреса", user: "Korisničko ime, Korisnik, Uporabniško ime, Корисничко име", name: "Ime, Име", full: "Ime i prezime, Puno ime, Ime in priimek, Polno ime, Име и презиме", display: "Prikazno ime", last: "Prezime, Priimek, Презиме", role: "Uloga, Vloga, Улога", status: "Stanje, Статус", gone: "Deaktiviran, Neaktivan, Blokiran, Obrisan, Neaktiven", here: "Aktivan, Aktiven, Активан", message: "Poruka, Sporočilo, Порука"},
	{of: "Estonian", email: "E-posti aadress, Meiliaadress, E-post, Meil", user: "Kasutajanimi, Kasutaja", name: "Nimi", full: "Täisnimi, Ees- ja perekonnanimi", first: "Eesnimi", last: "Perekonnanimi, Perenimi", role: "Roll, Õigused", status: "Olek, Staatus", gone: "Keelatud, Kustutatud, Mitteaktiivne", here: "Aktiivne", message: "Sõnum"},
	{of: "Latvian", email: "E-pasts, E-pasta adrese, Epasts", user: "Lietotājvārds, Lietotājs", name: "Vārds", full: "Vārds un uzvārds, Pilns vārds", last: "Uzvārds", role: "Loma, Tiesības", status: "Statuss, Stāvoklis", gone: "Deaktivizēts, Bloķēts, Dzēsts, Neaktīvs", here: "Aktīvs", message: "Ziņojums"},
	{of: "Lithuanian", email: "El. paštas, El. pašto adresas, Elektroninis paštas", user: "Vartotojo vardas, Naudotojo vardas, Vartotojas", name: "Vardas", full: "Vardas ir pavardė, Vardas pavardė", last: "Pavardė", role: "Vaidmuo, Teisės", status: "Būsena, Statusas", gone: "Išjungtas, Užblokuotas, Ištrintas, Neaktyvus", here: "Aktyvus", message: "Žinutė, Pranešimas"},
	{of: "Turkish, Azerbaijani", email: "E-posta, E-posta adresi, Eposta, E-poçt, E-poçt ünvanı, Elektron poçt", user: "Kullanıcı adı, Kullanıcı, İstifadəçi adı", name: "Ad, Adı, İsim, İsmi", full: "Ad soyad, Adı soyadı, Ad ve soyad, Tam ad, İsim soyisim, Ad və soyad", display: "Görünen ad, Görüntülenen ad", last: "Soyad, Soyadı, Soyisim", role: "Rol, Roller, Yetki, Rolü, Kullanıcı türü, Görev rolü", status: "Durum, Durumu, Hesap durumu, Vəziyyət", gone: "Devre dışı, Pasif, Silindi, Askıya alındı, Engelli, Engellendi", here: "Aktif, Etkin, Aktiv", message: "Mesaj, İleti"},
	{of: "Greek", email: "Ηλεκτρονικό ταχυδρομείο, Διεύθυνση email, Διεύθυνση e-mail, Διεύθυνση ηλεκτρονικού ταχυδρομείου, Ηλ. ταχυδρομείο", user: "Όνομα χρήστη, Χρήστης", name: "Όνομα", full: "Ονοματεπώνυμο, Πλήρες όνομα", display: "Εμφανιζόμενο όνομα", last: "Επώνυμο, Επίθετο", role: "Ρόλος, Δικαιώματα", status: "Κατάσταση", gone: "Απενεργοποιημένος, Ανενεργός, Διαγραμμένος", here: "Ενεργός", message: "Μήνυμα"},
	{of: "Russian", email: "Электронная почта, Адрес электронной почты, Почта, Эл. почта, Эл. адрес, Электронный адрес, Имейл, Емейл, Мейл, Адрес почты", user: "Имя пользователя, Логин, Пользователь", name: "Имя", full: "ФИО, Полное имя, Имя и фамилия, Фамилия и имя, Фамилия Имя, Фамилия Имя Отчество, Ф.И.О.", display: "Отображаемое имя", last: "Фамилия", role: "Роль, Роли, Права, Права доступа, Тип пользователя", status: "Статус, Состояние", gone: "Отключен, Заблокирован, Удален, Неактивен, Деактивирован, Уволен", here: "Активен, Активный, Включен", message: "Сообщение"},
	{of: "Ukrainian", email: "Електронна пошта, Адреса електронної пошти, Пошта, Ел. пошта, Електронна адреса", user: "Ім'я користувача, Користувач, Логін", name: "Ім'я", full: "ПІБ, Повне ім'я, Ім'я та прізвище, Прізвище та ім'я", last: "Прізвище", role: "Роль, Ролі, Права", status: "Статус, Стан", gone: "Вимкнено, Заблоковано, Видалено, Неактивний", here: "Активний, Увімкнено", message: "Повідомлення"},
	{of: "Bulgarian", email: "Имейл, Имейл адрес, Е-поща, Електронна поща, Ел. поща", user: "Потребителско име, Потребител", name: "Име", full: "Име и фамилия, Пълно име", last: "Фамилия", role: "Роля, Роли", status: "Статус, Състояние", gone: "Деактивиран, Неактивен, Блокиран, Изтрит", here: "Активен", message: "Съобщение"},
	{of: "Japanese", email: "メール, メールアドレス, Eメール, Eメールアドレス, 電子メール, 電子メールアドレス, メアド", user: "ユーザー名, ユーザ名, ログイン名, ログインID, ユーザーID", name: "名前, お名前", full: "氏名, フルネーム, 姓名, 社員名", display: "表示名", first: "名, 名（名前）, 下の名前", last: "姓, 苗字, 名字", role: "役割, ロール, 権限, 権限ロール, ユーザー種別, 権限レベル", status: "ステータス, 状態, 状況, 在籍状況", gone: "無効, 停止, 削除済み, 退職", here: "有効, アクティブ", goneAt: "削除日, 退職日, 削除日時", message: "メッセージ"},
	{of: "Chinese", email: "邮箱, 电子邮箱, 电子邮件, 邮件, 邮箱地址, 电子邮件地址, 邮件地址, 工作邮箱, 企业邮箱, 郵箱, 電子郵件, 電子信箱, 信箱, 郵件地址, 電子郵件地址, 電郵, 電郵地址", user: "用户名, 用戶名, 使用者名稱, 登录名, 账号, 帳號, 帐号", name: "名称, 名稱", full: "姓名, 全名, 名字, 真实姓名, 员工姓名", display: "显示名称, 顯示名稱, 显示名, 昵称", first: "名", last: "姓, 姓氏", role: "角色, 权限, 權限, 职能角色, 用户类型", status: "状态, 狀態, 账号状态, 账户状态", gone: "已停用, 已禁用, 已删除, 已离职, 停用, 禁用", here: "启用, 已启用, 激活, 啟用", goneAt: "离职日期, 删除时间", message: "消息, 訊息, 留言"},
	{of: "Korean", email: "이메일, 이메일 주소, 메일, 메일 주소, 전자메일, 전자우편, 회사 이메일", user: "사용자 이름, 사용자명, 아이디, 로그인 ID", name: "이름", full: "성명, 전체 이름, 성함", display: "표시 이름", last: "성", role: "역할, 권한, 사용자 유형", status: "상태, 계정 상태, 재직 상태", gone: "비활성, 비활성화, 정지, 삭제됨, 퇴사", here: "활성, 활성화, 사용", goneAt: "퇴사일, 삭제일", message: "메시지"},
	{of: "Arabic, Persian, Urdu", email: "البريد الإلكتروني, بريد إلكتروني, البريد الالكتروني, عنوان البريد الإلكتروني, الإيميل, ایمیل, پست الکترونیکی, رایانامه, ای میل", user: "اسم المستخدم, نام کاربری", name: "الاسم, نام", full: "الاسم الكامل, الاسم كاملا, نام و نام خانوادگی, نام کامل", first: "الاسم الأول", last: "اسم العائلة, اللقب, الاسم الأخير, نام خانوادگی", role: "الدور, الأدوار, الصلاحية, نقش, کردار", status: "الحالة, وضعیت", gone: "معطل, موقوف, محذوف, غیرفعال", here: "نشط, مفعل, فعال", message: "الرسالة, پیام"},
	{of: "Hebrew", email: "דוא\"ל, דואל, דואר אלקטרוני, כתובת דוא\"ל, אימייל, מייל, כתובת מייל, כתובת אימייל", user: "שם משתמש", name: "שם", full: "שם מלא", first: "שם פרטי", last: "שם משפחה", role: "תפקיד, הרשאה, הרשאות", status: "סטטוס, מצב", gone: "מושבת, מושעה, לא פעיל", here: "פעיל", message: "הודעה"},
	{of: "Hindi", email: "ईमेल, ई-मेल, ईमेल पता", user: "उपयोगकर्ता नाम", name: "नाम", full: "पूरा नाम", first: "पहला नाम", last: "उपनाम, अंतिम नाम", role: "भूमिका", status: "स्थिति", gone: "निष्क्रिय", here: "सक्रिय", message: "संदेश"},
	{of: "Vietnamese", email: "Thư điện tử, Địa chỉ email, Địa chỉ thư điện tử, Hộp thư", user: "Tên đăng nhập, Tên người dùng", name: "Tên", full: "Họ và tên, Họ tên, Tên đầy đủ", display: "Tên hiển thị", last: "Họ", role: "Vai trò, Quyền", status: "Trạng thái, Tình trạng", gone: "Vô hiệu hóa, Đã khóa, Đã xóa, Đã nghỉ", here: "Hoạt động, Đang hoạt động", message: "Tin nhắn, Lời nhắn"},
	{of: "Indonesian, Malay", email: "Surel, Alamat email, Alamat surel, E-mel, Alamat e-mel, Pos-el", user: "Nama pengguna, Pengguna", name: "Nama", full: "Nama lengkap, Nama penuh", display: "Nama tampilan, Nama paparan", first: "Nama depan, Nama pertama", last: "Nama belakang, Nama keluarga, Nama akhir", role: "Peran, Peranan, Hak akses", status: "Keadaan", gone: "Nonaktif, Dinonaktifkan, Dihapus, Ditangguhkan", here: "Aktif", message: "Pesan, Mesej"},
	{of: "Thai", email: "อีเมล, อีเมล์, ที่อยู่อีเมล", user: "ชื่อผู้ใช้", first: "ชื่อ, ชื่อจริง", full: "ชื่อ-นามสกุล, ชื่อเต็ม, ชื่อและนามสกุล", display: "ชื่อที่แสดง", last: "นามสกุล", role: "บทบาท, สิทธิ์", status: "สถานะ", message: "ข้อความ"},

	{of: "Microsoft 365", user: "User principal name, UPN", gone: "Block credential, Sign-in blocked, Block sign in, Blocked sign-in, Blockcredential", goneAt: "Soft deletion time stamp, Soft deletion timestamp", status: "Sign-in status"},
	{of: "Entra and Active Directory", email: "mail", user: "userPrincipalName, sAMAccountName", first: "givenName", last: "sn", full: "cn", display: "displayName", here: "accountEnabled", role: "userType"},
	{of: "Google Workspace and contacts", email: "Email Address, E-mail 1 - Value, E-mail 1 Value, Email 1, Primary email address", first: "First Name", last: "Last Name", status: "User status"},
	{of: "Okta, Keycloak, SCIM", email: "user.email, profile.email, emails.value, emails[0].value", user: "user.login, profile.login, preferred_username", first: "user.firstName, profile.firstName, name.givenName", last: "user.lastName, profile.lastName, name.familyName", display: "user.displayName, profile.displayName", full: "name.formatted"},
	{of: "GitHub, GitLab", email: "saml_name_id, SAML name ID, GitHub com SAML name ID, GitHub com verified domain emails, Public email, Max email", user: "GitHub com login, GitHub login", full: "GitHub com name, GitHub com profile name", role: "Max role, GitHub com role"},
	{of: "Mattermost, Slack, Rocket.Chat", email: "mail address", goneAt: "DeleteAt, Delete at", full: "fullname"},
	{of: "Moodle, Canvas, Discourse", user: "login_id", full: "full_name", email: "user_email"},
	{of: "BambooHR, Personio, HubSpot, Mailchimp", email: "Work Email Address, Home email, Business email address, Subscriber e-mail", goneAt: "Termination date"},
	{of: "Atlassian, Asana, Notion, Zoom", role: "Org role, Site-wide role, Membership type, Workspace access", status: "User status, Account status"},
	{of: "Apple, Outlook, Thunderbird", email: "Primary Email, E-mail Address, E-mail 1 Address, Email1", display: "E-mail Display Name, Nickname and name"},
}

// roleWords are what people and programs call the roles, the same in all languages.
var roleWords = map[role.Role]string{
	role.Owner:  "Owner, Owners, Primary owner, Workspace owner, Workspace primary owner, Organization owner, Org owner, Account owner, Eigentümer, Eigentümerin, Besitzer, Besitzerin, Inhaber, Inhaberin, Propriétaire, Propietario, Propietaria, Proprietario, Proprietaria, Proprietário, Proprietária, Eigenaar, Właściciel, Ägare, Ejer, Eier, Omistaja, Vlastník, Majitel, Tulajdonos, Proprietar, Vlasnik, Lastnik, Sahip, Sahibi, Ιδιοκτήτης, Владелец, Власник, Собственик, オーナー, 所有者, 拥有者, 擁有者, 소유자, المالك, בעלים, Chủ sở hữu, Pemilik",
	role.Admin:  "Admin, Admins, Administrator, Administrators, Adm, Super admin, Superadmin, Super administrator, Org admin, Organization admin, Organisation admin, Workspace admin, Team admin, Site admin, System admin, System administrator, Global administrator, Global admin, Account admin, Company admin, Group admin, Is admin, Administratorin, Systemadministrator, Administrateur, Administratrice, Administrador, Administradora, Amministratore, Amministratrice, Beheerder, Administratör, Järjestelmänvalvoja, Ylläpitäjä, Pääkäyttäjä, Správce, Správca, Administrátor, Rendszergazda, Adminisztrátor, Yönetici, Διαχειριστής, Администратор, Админ, Адміністратор, Адмін, 管理者, 管理员, 管理員, 관리자, 어드민, مدير, مسؤول, مدیر, מנהל, מנהל מערכת, Quản trị viên, Pentadbir",
	role.Member: "Member, Members, User, Users, Regular, Regular user, Regular member, Standard, Standard user, Normal user, Full member, Basic user, Team member, Organization member, Org member, Workspace member, End user, System user, Mitglied, Mitglieder, Benutzer, Benutzerin, Nutzer, Nutzerin, Anwender, Anwenderin, Standardbenutzer, Teammitglied, Membre, Utilisateur, Utilisatrice, Miembro, Usuario, Usuaria, Membro, Utente, Usuário, Utilizador, Lid, Gebruiker, Członek, Użytkownik, Medlem, Användare, Bruger, Bruker, Jäsen, Käyttäjä, Člen, Uživatel, Používateľ, Tag, Felhasználó, Membru, Utilizator, Član, Korisnik, Uporabnik, Liige, Kasutaja, Dalībnieks, Lietotājs, Narys, Vartotojas, Naudotojas, Üye, Kullanıcı, Μέλος, Χρήστης, Участник, Пользователь, Член, Учасник, Користувач, Потребител, メンバー, ユーザー, ユーザ, 一般ユーザー, 成员, 成員, 用户, 用戶, 普通用户, 멤버, 구성원, 사용자, 회원, عضو, مستخدم, کاربر, חבר, משתמש, Thành viên, Người dùng, Anggota, Pengguna, Ahli, สมาชิก, ผู้ใช้",
	role.Viewer: "Viewer, Viewers, Read-only, Readonly, Read only user, Read only access, Read, Reader, View, View only, Observer, Can view, Leser, Leserin, Lesezugriff, Nur lesen, Nur Lesezugriff, Schreibgeschützt, Betrachter, Betrachterin, Beobachter, Lecteur, Lectrice, Lecture seule, Lecture, Observateur, Lector, Lectora, Solo lectura, Sólo lectura, Observador, Visualizador, Lettore, Lettrice, Sola lettura, Solo lettura, Visualizzatore, Leitor, Somente leitura, Só leitura, Apenas leitura, Lezer, Alleen lezen, Alleen-lezen, Kijker, Czytelnik, Tylko do odczytu, Przeglądający, Läsare, Läsbehörighet, Skrivskyddad, Endast läsning, Læser, Skrivebeskyttet, Leser tilgang, Lesetilgang, Kun lesing, Lukija, Vain luku, Katselija, Čtenář, Pouze pro čtení, Jen pro čtení, Čitateľ, Iba na čítanie, Olvasó, Csak olvasható, Cititor, Doar citire, Čitatelj, Samo za čitanje, Görüntüleyici, Salt okunur, Okuyucu, Izleyici, Αναγνώστης, Μόνο ανάγνωση, Читатель, Только чтение, Наблюдатель, Читач, Тільки читання, Лише читання, 閲覧者, 閲覧のみ, 読み取り専用, 閲覧, 查看者, 只读, 唯讀, 浏览者, 檢視者, 뷰어, 읽기 전용, 조회자, مشاهد, قارئ, צופה, קריאה בלבד, Người xem, Chỉ đọc, Pelihat, Hanya baca",
	role.Guest:  "Guest, Guests, Guest user, Single-Channel Guest, Multi-Channel Guest, System guest, External, External user, External member, External guest, External collaborator, Outside collaborator, Gast, Gäste, Extern, Externe, Externer, Externer Benutzer, Gastbenutzer, Invité, Invitée, Externe invité, Invitado, Invitada, Usuario externo, Externo, Ospite, Esterno, Convidado, Convidada, Gość, Zewnętrzny, Gäst, Gæst, Gjest, Vieras, Ulkopuolinen, Hosť, Vendég, Külső, Invitat, Gostujući, Külaline, Viesis, Svečias, Misafir, Konuk, Φιλοξενούμενος, Επισκέπτης, Гость, Гост, Гість, Внешний, ゲスト, 来宾, 訪客, 访客, 外部, 게스트, 손님, ضيف, مهمان, אורח, Khách, Tamu, Tetamu",
}

// goneWords are what a column of states calls somebody who is not to be invited without a second look: who left, whose
// account is closed, and what is no person.
var goneWords = words("Deactivated, Inactive, Disabled, Suspended, Deleted, Archived, Blocked, Banned, Locked, Locked out, Deprovisioned, Removed, Terminated, Former, Former member, Left, Has left, Gone, Resigned, Offboarded, Revoked, Cancelled, Canceled, Closed, Expired, Not active, Soft deleted, Sign-in blocked, Unsubscribed, Bounced, Cleaned, Bot, App, Service account, Workflow bot, Integration, " +
	"Deaktiviert, Inaktiv, Gesperrt, Gelöscht, Ausgeschieden, Archiviert, Blockiert, Nicht aktiv, Ehemalig, Ehemaliges Mitglied, Ausgetreten, Gekündigt, Entfernt, " +
	"Désactivé, Désactivée, Inactif, Inactive, Suspendu, Suspendue, Supprimé, Supprimée, Bloqué, Bloquée, Archivé, Parti, Ancien membre, Résilié, " +
	"Desactivado, Desactivada, Inactivo, Inactiva, Suspendido, Suspendida, Eliminado, Eliminada, Bloqueado, Bloqueada, Deshabilitado, Deshabilitada, Borrado, De baja, Baja, Archivado, " +
	"Desactivat, Inactiu, Suspès, Eliminat, Disattivato, Disattivata, Inattivo, Inattiva, Sospeso, Sospesa, Eliminato, Eliminata, Bloccato, Bloccata, Disabilitato, Disabilitata, Archiviato, Cessato, " +
	"Desativado, Desativada, Inativo, Inativa, Suspenso, Suspensa, Excluído, Excluída, Desligado, Arquivado, Removido, " +
	"Gedeactiveerd, Inactief, Geblokkeerd, Verwijderd, Uitgeschakeld, Geschorst, Opgezegd, Gearchiveerd, Uit dienst, " +
	"Dezaktywowany, Dezaktywowana, Nieaktywny, Nieaktywna, Zawieszony, Zawieszona, Usunięty, Usunięta, Zablokowany, Zablokowana, Wyłączony, Wyłączone, " +
	"Inaktiverad, Avstängd, Borttagen, Raderad, Spärrad, Avslutad, Blockerad, Deaktiveret, Suspenderet, Slettet, Spærret, Blokeret, Fratrådt, Deaktivert, Suspendert, Sperret, Blokkert, Sluttet, " +
	"Poistettu, Estetty, Ei käytössä, Ei aktiivinen, Passiivinen, Suljettu, Deaktivováno, Deaktivovaný, Neaktivní, Pozastaveno, Smazáno, Smazaný, Blokovaný, Zakázáno, Zakázaný, Deaktivovaný, Neaktívny, Zablokovaný, Odstránený, " +
	"Inaktív, Letiltva, Letiltott, Törölve, Törölt, Felfüggesztve, Dezactivat, Inactiv, Suspendat, Șters, Blocat, Deaktiviran, Neaktivan, Neaktiven, Blokiran, Obrisan, Izbrisan, Mitteaktiivne, Kustutatud, Neaktīvs, Bloķēts, Dzēsts, Neaktyvus, Užblokuotas, Ištrintas, " +
	"Devre dışı, Pasif, Silindi, Silinmiş, Askıya alındı, Engellendi, İnaktif, Ayrıldı, Απενεργοποιημένος, Ανενεργός, Διαγραμμένος, " +
	"Отключен, Отключён, Неактивен, Неактивный, Заблокирован, Удален, Удалён, Деактивирован, Уволен, Приостановлен, Вимкнено, Неактивний, Заблоковано, Видалено, Деактивиран, Блокиран, Изтрит, " +
	"無効, 停止, 停止中, 利用停止, 削除済み, 削除, 退職, 退職済み, 退会済み, 非アクティブ, ボット, 已停用, 停用, 已禁用, 禁用, 已删除, 已刪除, 已离职, 已離職, 离职, 未激活, 已冻结, 冻结, 机器人, 機器人, 비활성, 비활성화, 비활성화됨, 정지, 정지됨, 삭제됨, 삭제, 퇴사, 탈퇴, 봇, " +
	"معطل, موقوف, محذوف, غير نشط, محظور, غیرفعال, מושבת, מושעה, לא פעיל, נמחק, חסום, निष्क्रिय, Vô hiệu hóa, Đã khóa, Đã xóa, Đã nghỉ việc, Không hoạt động, Nonaktif, Dinonaktifkan, Dihapus, Ditangguhkan, Tidak aktif, ระงับ, ปิดใช้งาน")

// yesWords and noWords are how a cell says yes and no.
var (
	yesWords = words("true, yes, y, 1, t, x, on, ja, j, wahr, oui, vrai, sí, si, verdadero, vero, sì, sim, verdadeiro, waar, tak, prawda, sant, sand, kyllä, tosi, ano, pravda, áno, igen, igaz, da, evet, doğru, ναι, да, истина, так, はい, 真, 是, 예, 참, نعم, כן, हाँ, có, ya, benar")
	noWords  = words("false, no, n, 0, f, off, nein, falsch, non, faux, falso, não, nee, onwaar, nie, fałsz, nej, falskt, falsk, nei, usann, ei, epätosi, ne, nepravda, nie, nem, hamis, nu, hayır, yanlış, όχι, нет, ложь, ні, не, いいえ, 偽, 否, 아니요, 거짓, لا, לא, नहीं, không, tidak, salah")
)

// headingOf is what each word of the vocabularies stands for: of two that differ, what the first one says.
var headingOf = func() map[string]int {
	known := map[string]int{}
	for _, v := range vocabularies {
		for column, list := range [columns]string{columnEmail: v.email, columnUser: v.user, columnName: v.name, columnFull: v.full, columnDisplay: v.display, columnFirst: v.first, columnLast: v.last,
			columnRole: v.role, columnStatus: v.status, columnGone: v.gone, columnHere: v.here, columnGoneAt: v.goneAt, columnMessage: v.message} {
			for word := range words(list) {
				if _, ok := known[word]; !ok {
					known[word] = column
				}
			}
		}
	}
	return known
}()

// roleOfWord is the role that each word stands for.
var roleOfWord = func() map[string]role.Role {
	known := map[string]role.Role{}
	for r, list := range roleWords {
		for word := range words(list) {
			known[word] = r
		}
	}
	return known
}()

// words are the words of a list as they are compared.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.SplitSeq(list, ",") {
		if word = wordKey(word); word != "" {
			set[word] = true
		}
	}
	return set
}

// wordKey is how words of headings, roles and states are compared: small letters and numbers alone, without accents and
// without what stands in brackets behind, as in "First Name [Required]".
func wordKey(word string) string {
	word = strings.ToLower(norm.NFKD.String(strings.TrimSpace(word)))
	if at := strings.IndexAny(word, "[("); at > 0 {
		word = word[:at]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'ı':
			return 'i'
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mc, r):
			return r
		}
		return -1
	}, word)
}

// columnNamed is what a heading says of its column; ok is false for one that is not known. A heading in two languages is
// known if it says the same in both.
func columnNamed(heading string) (column int, ok bool) {
	if column, ok = headingOf[wordKey(heading)]; ok {
		return column, true
	}
	for part := range strings.FieldsFuncSeq(heading, func(r rune) bool { return r == '/' || r == '|' || r == '\n' }) {
		one, known := headingOf[wordKey(part)]
		if !known || ok && one != column {
			return 0, false
		}
		column, ok = one, true
	}
	return column, ok
}
