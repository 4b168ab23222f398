package seed

import (
	"strconv"
	"strings"

	"roster/internal/account"
)

// tongue is a stock of names that go together. A name that is not written in Latin letters carries how it
// is spelled in an address: "Иван=ivan". An underscore stands for a space inside a name.
type tongue struct {
	code        string // of the country: part of addresses, and how the cast asks for people of a place
	weight      int    // how often among 100 or so people of a crowd
	familyFirst bool
	tight       bool // no space between the two
	given       string
	family      string
}

// tongues are chosen so that a list of people looks like the world: accents, several scripts, names of two
// letters and of three words, the same name in many spellings.
var tongues = []tongue{
	{code: "uk", weight: 8,
		given:  "Alice Amelia Arthur Ben Charlotte Daniel Edith Edward Eleanor Emma Fiona George Grace Harry Helen Isaac Jack James Joan Laura Leo Lily Louise Martin Megan Nigel Oliver Owen Peter Rachel Rhys Rosie Sam Sophie Stephen Thomas Victoria William Zoe",
		family: "Adams Atkinson Bailey Barker Bennett Brooks Carter Chapman Clarke Cooper Davies Edwards Ellis Evans Fletcher Foster Green Griffiths Hughes Hunt Jenkins Knight Lloyd Marsh Mason Morgan Palmer Parsons Pearce Price Reid Rowe Shaw Simmons Taylor Thornton Walsh Webb Wood Yates"},
	{code: "us", weight: 7,
		given:  "Aaron Abigail Andre Ashley Brandon Brianna Caleb Carmen Chloe Darnell Dylan Elijah Ethan Faith Gabriel Hailey Hector Ivy Jada Jordan Kayla Kevin Logan Luis Madison Marcus Maya Miles Naomi Nathan Paige Quinn Ruby Savannah Trevor Tyler Wesley Xavier",
		family: "Allen Anderson Bell Brown Campbell Coleman Cruz Diaz Freeman Garcia Gonzalez Hall Harris Henderson Jackson Johnson Kim Lee Lopez Martinez Miller Mitchell Nelson Nguyen Ortiz Parker Patterson Perez Ramirez Robinson Sanders Scott Torres Turner Washington White Williams Young"},
	{code: "de", weight: 8,
		given:  "Anja Anton Birgit Björn Christoph Claudia Dieter Elke Emil Felix Finn Frieda Greta Hannah Heike Jörg Jürgen Katharina Klaus Lea Lena Lukas Marlene Matthias Mia Moritz Nele Niklas Paula Petra Ralf Sabine Stefan Theo Ulrike Uwe Vera Wolfgang",
		family: "Albrecht Bauer Becker Böhm Brandt Dietrich Fischer Franke Fuchs Großmann Günther Hartmann Hofmann Huber Jäger Kaiser Keller Klein König Krüger Lehmann Maier Möller Neumann Pfeiffer Richter Schäfer Schmidt Schröder Schulz Seidel Sommer Vogel Wagner Weiß Winkler Wolf Zimmermann"},
	{code: "fr", weight: 7,
		given:  "Adèle Amélie Antoine Aurélie Baptiste Benoît Camille Cécile Céline Chloé Clément Damien Émile Étienne Fabien Florence François Gaëlle Guillaume Hélène Hugo Inès Jérôme Joséphine Julien Léa Louis Manon Mathilde Noé Océane Pascal Raphaël Rémi Sébastien Solène Théo Zoé",
		family: "Bernard Besson Blanchard Boucher Brunet Carpentier Chevalier Collet Da_Costa Delaunay Deschamps Dubois Dufour Dupuis Faure Fontaine Gauthier Girard Guérin Hébert Lambert Lefèvre Legrand Lemaître Marchand Mercier Moreau Noël Perrin Petit Prévost Renaud Rousseau Roux Simon Thévenet Vasseur Vidal"},
	{code: "es", weight: 7,
		given:  "Adrián Alba Álvaro Amparo Andrés Ángela Begoña Carlos César Concha Diego Elena Esteban Fátima Gonzalo Héctor Inés Íñigo Javier Jesús Jimena José_Luis Laia Lucía María_José Marta Mónica Nerea Nicolás Óscar Pablo Pilar Raúl Rocío Rubén Sergio Sofía Verónica",
		family: "Aguilar Álvarez Blanco Cabrera Calvo Castro Cortés Domínguez Escudero Fernández Gallego García_Márquez Gil Gómez Guerrero Gutiérrez Herrera Iglesias Jiménez León López_Ruiz Lozano Márquez Medina Molina Muñoz Navarro Núñez Ortega Peña Prieto Ramos Ríos Romero Sáez Santana Vázquez Vega"},
	{code: "br", weight: 6,
		given:  "Aline Ana_Clara André Antônio Beatriz Bruno Caio Cauã Cláudia Débora Eduardo Fábio Fernanda Flávia Gustavo Helena Heitor Iara Isabela João José Júlia Larissa Letícia Luan Luíza Marcelo Márcia Mateus Otávio Paulo Rafaela Rodrigo Sônia Tiago Valéria Vinícius Yasmin",
		family: "Almeida Alves Andrade Araújo Barbosa Barros Batista Campos Cardoso Carvalho Cavalcanti Correia Costa da_Silva de_Souza Dias dos_Santos Duarte Farias Ferreira Figueiredo Gonçalves Lima Machado Magalhães Melo Monteiro Moura Nascimento Nogueira Oliveira Pinheiro Queiroz Ribeiro Rocha Teixeira Vasconcelos Xavier"},
	{code: "it", weight: 5,
		given:  "Alessandro Alessia Andrea Arianna Beatrice Carla Chiara Cristina Dario Davide Elisa Fabio Federica Filippo Francesca Gabriele Giada Giorgio Giulia Ilaria Jacopo Lorenzo Luca Marco Margherita Matteo Nicolò Paola Pietro Riccardo Roberta Sara Silvia Simone Stefania Tommaso Valentina Vittoria",
		family: "Amato Barbieri Basile Bellini Bianchi Bruno Caruso Cattaneo Colombo Conti Costa D’Amico De_Luca De_Rosa Esposito Farina Ferrari Fontana Gallo Gatti Greco Grassi Leone Longo Lombardi Mancini Marini Martini Moretti Neri Pellegrini Ricci Rinaldi Rossi Sartori Serra Vitale Zanetti"},
	{code: "nl", weight: 4,
		given:  "Anouk Bart Bram Daan Eline Esther Femke Fleur Floris Gijs Hanneke Hendrik Ilse Jasper Jeroen Joost Koen Lieke Lotte Maarten Marijke Marloes Niels Noor Pieter Rutger Saskia Sjoerd Sven Teun Thijs Tjitske Willem Wouter Yara Zoë",
		family: "Bakker Bos Brouwer de_Boer de_Groot de_Jong de_Wit Dekker Dijkstra Hendriks Hoekstra Jacobs Janssen Kok Koster Kuipers Maas Meijer Mulder Peeters Postma Prins Scholten Smit van_den_Berg van_der_Linden van_der_Meer van_Dijk van_Leeuwen Veenstra Verhoeven Vermeulen Visser Vos Willems Wolters"},
	{code: "se", weight: 4,
		given:  "Agnes Albin Alva Anders Arvid Astrid Axel Björn Britta Ebba Elias Elsa Erik Gösta Gunnar Gustav Hanna Hedvig Henrik Ingrid Johan Karin Kerstin Lars Linnéa Lovisa Maja Måns Märta Nils Olof Pär Sigrid Siv Sören Tove Ulf Åsa",
		family: "Ahlström Andersson Bergqvist Björklund Blom Bäckström Dahlberg Ek Engström Ericsson Forsberg Fransson Gustafsson Hedlund Hellström Holmberg Isaksson Johansson Jönsson Karlsson Lindgren Lundqvist Löfgren Malmberg Mattsson Nordin Nyström Öberg Persson Sandberg Sjögren Söderberg Ström Sundin Wallin Westerlund Åberg Åkesson"},
	{code: "no", weight: 3,
		given:  "Aksel Anne Arne Bjørn Eirik Frøydis Gro Halvor Håkon Helga Ida Inger Ivar Jorunn Kari Kjell Kjersti Knut Leif Liv Magnus Marit Odd Ola Ragnhild Randi Rune Sigurd Silje Sindre Solveig Sølvi Terje Torunn Trond Tuva Vegard Øystein",
		family: "Aas Andreassen Bakken Berg Bråten Christensen Dahl Eide Fjeld Fosse Gulbrandsen Hagen Halvorsen Haugen Holm Iversen Jacobsen Johnsen Kristoffersen Lien Løken Moen Myhre Nilsen Nygård Næss Opdahl Pettersen Rasmussen Rønning Sæther Solberg Strand Sørensen Tangen Thorsen Ødegård Østby"},
	{code: "fi", weight: 3,
		given:  "Aino Aleksi Antti Eero Eeva Elina Hannu Heikki Helmi Henna Iida Ilkka Jaakko Jari Johanna Juha Jukka Kaisa Kimmo Kirsi Lauri Leena Mika Mikko Minna Niko Oona Outi Päivi Pekka Riikka Saara Sami Sanna Tapio Tuomas Veera Väinö",
		family: "Aalto Ahonen Hakala Heikkinen Heinonen Hämäläinen Hiltunen Jokinen Järvinen Kallio Karjalainen Kinnunen Koivisto Korhonen Koskinen Laaksonen Lahtinen Laine Lehtonen Leppänen Mäkelä Mattila Miettinen Mustonen Mäkinen Nieminen Niemi Ojala Räsänen Rantanen Saarinen Salonen Savolainen Tuominen Turunen Virtanen Väisänen Ylönen"},
	{code: "dk", weight: 2,
		given:  "Anne-Marie Asger Birgitte Camilla Emilie Frederik Freja Gitte Hanne Ida Jeppe Jesper Jonas Karen Kasper Kirsten Lærke Lasse Laura Lene Liv Mads Malene Mette Mikkel Morten Niels Nanna Oscar Pernille Rasmus Rikke Signe Søren Thea Tobias Trine Ulla",
		family: "Andersen Bang Bech Bjerregaard Bruun Carlsen Christiansen Clausen Dam Frandsen Friis Gade Hald Hansen Holst Høj Jensen Juhl Kjær Kjeldsen Knudsen Kristensen Lauridsen Lund Madsen Mogensen Mortensen Nielsen Nørgaard Olsen Overgaard Pedersen Poulsen Schou Skov Sønderby Thomsen Østergaard"},
	{code: "pl", weight: 3,
		given:  "Agnieszka Aleksandra Alicja Anna Barbara Beata Bożena Dorota Elżbieta Ewa Grażyna Halina Hanna Iwona Joanna Justyna Kinga Krystyna Łucja Magdalena Małgorzata Natalia Olga Patrycja Renata Róża Stanisława Teresa Urszula Wanda Weronika Zofia Żaneta",
		family: "Adamska Baranowska Borkowska Chmielewska Dąbrowska Górska Grabowska Jabłońska Jankowska Kamińska Kowalska Kozłowska Krajewska Król Kwiatkowska Lewandowska Majewska Malinowska Nowak Nowakowska Olszewska Pawłowska Piotrowska Rutkowska Sadowska Sikora Sokołowska Szczepańska Urbańska Walczak Wiśniewska Wójcik Wysocka Zając Zielińska"},
	{code: "pl", weight: 3,
		given:  "Adam Andrzej Bartosz Bogdan Cezary Czesław Dariusz Dominik Filip Grzegorz Ignacy Jacek Jakub Jan Jerzy Kacper Kamil Krzysztof Leszek Łukasz Maciej Marcin Mateusz Michał Mikołaj Paweł Piotr Rafał Stanisław Szymon Tadeusz Tomasz Wiesław Wojciech Zbigniew",
		family: "Adamski Baranowski Borkowski Chmielewski Dąbrowski Górski Grabowski Jabłoński Jankowski Kamiński Kowalski Kozłowski Krajewski Król Kwiatkowski Lewandowski Majewski Malinowski Nowak Nowakowski Olszewski Pawłowski Piotrowski Rutkowski Sadowski Sikora Sokołowski Szczepański Urbański Walczak Wiśniewski Wójcik Wysocki Zając Zieliński"},
	{code: "cz", weight: 2,
		given:  "Alena Alžběta Běla Blanka Dana Eliška Hana Helena Ivana Jana Jitka Kateřina Květa Lenka Lucie Markéta Martina Milena Monika Naděžda Pavla Petra Radka Renata Šárka Simona Soňa Světlana Tereza Veronika Věra Zdeňka Zuzana",
		family: "Benešová Bláhová Bartošová Čermáková Černá Dvořáková Fialová Hájková Havlíčková Horáková Hrubá Jelínková Kadlecová Kolářová Králová Krejčí Kučerová Malá Marková Moravcová Němcová Nováková Novotná Pokorná Pospíšilová Procházková Růžičková Sedláčková Součková Svobodová Šťastná Tichá Urbanová Veselá Vlčková Zemanová"},
	{code: "cz", weight: 2,
		given:  "Aleš Bohumil Dalibor David Dušan František Ivo Jakub Jan Jaroslav Jindřich Jiří Josef Karel Ladislav Libor Luboš Lukáš Marek Michal Milan Miroslav Oldřich Ondřej Pavel Petr Radek Roman Stanislav Štěpán Tomáš Václav Vít Vojtěch Zdeněk",
		family: "Bartoš Bláha Čermák Černý Dvořák Fiala Hájek Havlíček Horák Hrubý Jelínek Kadlec Kolář Král Krejčí Kučera Malý Marek Moravec Němec Novák Novotný Pokorný Pospíšil Procházka Růžička Sedláček Souček Svoboda Šťastný Tichý Urban Veselý Vlček Zeman"},
	{code: "hu", weight: 2, familyFirst: true,
		given:  "Ágnes András Anikó Attila Balázs Bence Csaba Csilla Dániel Dóra Edit Enikő Erzsébet Eszter Ferenc Gábor Gergő György Ildikó Ilona István Judit Katalin László Márta Máté Miklós Nóra Orsolya Péter Piroska Réka Sándor Szilvia Tamás Tünde Vilmos Zsófia Zoltán Zsuzsa",
		family: "Antal Balogh Bíró Bodnár Csonka Deák Farkas Fehér Fekete Fodor Gál Gulyás Hegedűs Horváth Illés Juhász Katona Kelemen Kerekes Kocsis Kovács Lakatos Lukács Mészáros Molnár Németh Orosz Papp Pintér Rácz Sárközi Simon Sipos Szabó Szűcs Takács Tóth Török Varga Vörös"},
	{code: "ro", weight: 2,
		given:  "Adina Alexandru Ana Andreea Bogdan Călin Cătălina Ciprian Corina Cosmin Cristina Dan Doina Dragoș Elena Felicia Florin Gheorghe Ileana Ionuț Irina Liviu Loredana Lucian Mădălina Marius Mihai Mircea Nicoleta Octavian Oana Radu Ruxandra Ștefan Simona Traian Tatiana Vasile Violeta",
		family: "Albu Andrei Anghel Barbu Bălan Ciobanu Cojocaru Constantinescu Cristea Diaconu Dinu Dobre Dumitrescu Enache Florea Gheorghiu Ilie Ionescu Iordache Lungu Lupu Manole Marin Mocanu Moldovan Munteanu Neagu Nistor Oprea Pavel Popescu Preda Rusu Șerban Stan Stoica Tudor Țurcanu Ungureanu Voicu"},
	{code: "gr", weight: 2,
		given:  "Αλέξανδρος=alexandros Αναστασία=anastasia Ανδρέας=andreas Βασίλης=vasilis Γιάννης=giannis Γιώργος=giorgos Δέσποινα=despina Δήμητρα=dimitra Δημήτρης=dimitris Ειρήνη=irini Ελένη=eleni Ευαγγελία=evangelia Ηλίας=ilias Θανάσης=thanasis Κατερίνα=katerina Κώστας=kostas Μαρία=maria Μιχάλης=michalis Νίκος=nikos Παναγιώτης=panagiotis Σοφία=sofia Σταύρος=stavros Χρήστος=christos",
		family: "Αλεξίου=alexiou Βλάχου=vlachou Γεωργίου=georgiou Δημητρίου=dimitriou Ζαχαρίου=zachariou Ιωάννου=ioannou Κωνσταντίνου=konstantinou Λαμπρινού=lamprinou Μακρή=makri Μιχαηλίδου=michailidou Νικολάου=nikolaou Οικονόμου=oikonomou Παπαδοπούλου=papadopoulou Παππά=pappa Σπανού=spanou Στεφάνου=stefanou Φιλίππου=filippou Χατζή=chatzi"},
	{code: "ua", weight: 2,
		given:  "Андрій=andrii Богдан=bohdan Василь=vasyl Віктор=viktor Ганна=hanna Дмитро=dmytro Євген=yevhen Іван=ivan Ірина=iryna Катерина=kateryna Леся=lesia Людмила=liudmyla Марія=mariia Микола=mykola Наталія=nataliia Оксана=oksana Олександр=oleksandr Олена=olena Остап=ostap Павло=pavlo Роман=roman Світлана=svitlana Сергій=serhii Соломія=solomiia Тарас=taras Христина=khrystyna Юлія=yuliia",
		family: "Андрієнко=andriienko Бойко=boiko Бондаренко=bondarenko Василенко=vasylenko Гончар=honchar Гриценко=hrytsenko Демченко=demchenko Іваненко=ivanenko Коваленко=kovalenko Кравченко=kravchenko Кравчук=kravchuk Лисенко=lysenko Мельник=melnyk Мороз=moroz Олійник=oliinyk Павленко=pavlenko Петренко=petrenko Поліщук=polishchuk Романенко=romanenko Савченко=savchenko Ткаченко=tkachenko Шевченко=shevchenko Юрченко=yurchenko"},
	{code: "tr", weight: 3,
		given:  "Ahmet Ali Aslı Ayşe Barış Berk Büşra Can Ceren Çağla Deniz Derya Ebru Elif Emre Esra Fatma Gökhan Gül Hakan Hüseyin Işıl İbrahim Kaan Kemal Leyla Mehmet Merve Murat Nazlı Oğuz Onur Ömer Özge Pınar Selin Şule Tolga Umut Zeynep",
		family: "Acar Aksoy Altun Arslan Aydın Bozkurt Bulut Çelik Çetin Demir Doğan Erdem Ergin Güler Güneş Kaplan Kara Kaya Kılıç Koç Kurt Öz Özdemir Özkan Öztürk Polat Sarı Şahin Şen Şimşek Taş Tekin Toprak Tunç Turan Uçar Ünal Yalçın Yıldırım Yılmaz"},
	{code: "in", weight: 8,
		given:  "Aarav Aditi Amit Ananya Anil Arjun Asha Deepa Divya Fatima Farhan Gaurav Geeta Harish Imran Ishaan Jaya Karthik Kavya Lakshmi Manish Meera Mohammed Nandini Neha Nikhil Pooja Prakash Rahul Rajesh Ravi Rekha Rohan Sanjay Shreya Sunita Tara Uma Vikram Vivek",
		family: "Agarwal Ahmed Banerjee Bhat Bose Chakraborty Chatterjee Chopra Das Desai Deshmukh Dutta Ghosh Gupta Iyer Jain Joshi Kapoor Kaur Khan Krishnan Kulkarni Kumar Malhotra Mehta Menon Mishra Mukherjee Nair Patel Pillai Raman Rao Reddy Sen Shah Sharma Singh Subramanian Venkataraman"},
	{code: "cn", weight: 4,
		given:  "Bo Chen Dan Fang Feng Gang Hao Hong Hui Jian Jie Jing Jun Lan Lei Li Lin Ling Mei Min Na Ning Peng Qiang Qing Rong Shan Tao Ting Wei Xia Xin Xue Yan Yang Yi Ying Yu Yun Zhen",
		family: "Bai Cai Cao Cheng Cui Deng Ding Dong Du Fan Fu Gao Gu Guo Han He Hou Hu Huang Jia Jiang Kong Liang Liao Liu Lu Luo Ma Meng Pan Qian Ren Shen Shi Song Sun Tang Tian Wan Wang Wu Xiao Xie Xu Yao Ye Yuan Zeng Zhang Zhao Zheng Zhou Zhu"},
	{code: "tw", weight: 2, familyFirst: true, tight: true,
		given:  "雅婷=ya-ting 怡君=yi-chun 淑芬=shu-fen 美玲=mei-ling 志明=chih-ming 建宏=chien-hung 俊傑=chun-chieh 家豪=chia-hao 宗翰=tsung-han 冠宇=kuan-yu 佳穎=chia-ying 詩涵=shih-han 欣怡=hsin-yi 承恩=cheng-en 柏翰=po-han 子軒=tzu-hsuan 宜臻=yi-chen 心怡=hsin-i",
		family: "陳=chen 林=lin 黃=huang 張=chang 李=lee 王=wang 吳=wu 劉=liu 蔡=tsai 楊=yang 許=hsu 鄭=cheng 謝=hsieh 洪=hung 郭=kuo 邱=chiu 曾=tseng 廖=liao 賴=lai 葉=yeh"},
	{code: "jp", weight: 4, familyFirst: true,
		given:  "愛=ai 葵=aoi 陽菜=hina 結衣=yui 美咲=misaki 桜=sakura 遥=haruka 恵子=keiko 直美=naomi 由美子=yumiko 蓮=ren 翔太=shota 大輔=daisuke 健一=kenichi 拓也=takuya 直樹=naoki 陸=riku 悠真=yuma 和也=kazuya 誠=makoto 浩二=koji 亮=ryo 真央=mao 智子=tomoko",
		family: "佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 伊藤=ito 渡辺=watanabe 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 吉田=yoshida 山田=yamada 佐々木=sasaki 山口=yamaguchi 松本=matsumoto 井上=inoue 木村=kimura 林=hayashi 斎藤=saito 清水=shimizu 森=mori 池田=ikeda 橋本=hashimoto 石川=ishikawa 前田=maeda 藤田=fujita 岡田=okada 長谷川=hasegawa"},
	{code: "kr", weight: 3, familyFirst: true, tight: true,
		given:  "민준=minjun 서연=seoyeon 지우=jiwoo 서준=seojun 하은=haeun 예준=yejun 지민=jimin 수빈=subin 현우=hyunwoo 유진=yujin 은지=eunji 동현=donghyun 지훈=jihoon 미경=mikyung 영수=youngsoo 혜진=hyejin 태양=taeyang 소희=sohee 성민=sungmin 다은=daeun",
		family: "김=kim 이=lee 박=park 최=choi 정=jung 강=kang 조=cho 윤=yoon 장=jang 임=lim 한=han 오=oh 서=seo 신=shin 권=kwon 황=hwang 안=ahn 송=song 류=ryu 홍=hong 전=jeon 고=ko 문=moon 손=son"},
	{code: "vn", weight: 3, familyFirst: true,
		given:  "Văn_An Thị_Bình Quốc_Bảo Minh_Châu Thị_Dung Đức_Anh Thu_Hà Thanh_Hằng Văn_Hùng Thị_Hương Quang_Huy Gia_Khánh Thị_Lan Thùy_Linh Hoàng_Long Thị_Mai Hải_Nam Bảo_Ngọc Thị_Nhung Minh_Phúc Hồng_Quân Như_Quỳnh Thanh_Sơn Thị_Thảo Minh_Trang Anh_Tuấn Khánh_Vy Ngọc_Yến",
		family: "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Lương Mai Tô Cao Châu Tạ"},
	{code: "id", weight: 3,
		given:  "Adi Agus Ahmad Ayu Bambang Budi Citra Dewi Dian Eka Endah Fajar Fitri Gilang Hana Hendra Indah Intan Joko Kartika Lestari Made Mega Nurul Putri Rahmat Ratna Rini Rizky Sari Siti Slamet Sri Teguh Tri Wahyu Wayan Wulan Yanti Yusuf",
		family: "Anggraini Ardiansyah Firmansyah Gunawan Hakim Halim Handayani Hartono Hidayat Irawan Kurniawan Kusuma Lubis Maulana Nasution Nugroho Permata Prasetyo Pratama Purnama Rahayu Ramadhan Saputra Santoso Setiawan Simanjuntak Siregar Sitompul Suharto Sulistyo Suryadi Susanto Sutanto Syahputra Utami Wibowo Widodo Wijaya Wulandari Yulianti"},
	{code: "ae", weight: 3,
		given:  "أحمد=ahmad أمل=amal إبراهيم=ibrahim بسمة=basma حسن=hassan خالد=khaled دانا=dana رانيا=rania ريم=reem زينب=zainab سارة=sara سعيد=saeed سلمى=salma طارق=tarek عائشة=aisha عبد_الله=abdullah علي=ali عمر=omar فاطمة=fatima كريم=karim ليلى=layla محمد=mohammed مريم=maryam منى=mona نور=nour هدى=huda ياسمين=yasmin يوسف=youssef",
		family: "الأحمد=alahmad البكري=albakri الجابري=aljabri الحداد=alhaddad الخطيب=alkhatib الرشيد=alrashid الزهراني=alzahrani السيد=alsayed الشامي=alshami الصباغ=alsabbagh العلي=alali الغامدي=alghamdi الفارسي=alfarsi القاسم=alqasim المصري=almasri المنصوري=almansoori النجار=alnajjar الهاشمي=alhashimi بن_سالم=binsalem حجازي=hijazi خوري=khoury درويش=darwish"},
	{code: "ma", weight: 2,
		given:  "Abdelkader Adil Amina Anouar Asmae Brahim Chaimae Driss Fadoua Ghita Hafsa Hamza Hicham Houda Ikram Ismaïl Jamila Kenza Khadija Lamia Latifa Mehdi Mouad Nabil Nadia Naïma Othmane Rachid Salim Samira Soufiane Yassine Zakaria Zineb",
		family: "Aït_Lahcen Alaoui Amrani Bakkali Belhaj Benali Bencheikh Bennani Berrada Boukhari Chraïbi Cherkaoui El_Amri El_Fassi El_Idrissi El_Mansouri Filali Guessous Haddad Hajji Kabbaj Kettani Lahlou Lamrani Mernissi Naciri Ouazzani Rahmouni Sebti Slaoui Tahiri Tazi Touzani Zniber"},
	{code: "il", weight: 2,
		given:  "אביגיל=avigail אורי=uri איתן=eitan אלון=alon גיל=gil דנה=dana דניאל=daniel חנה=hannah יובל=yuval יוסף=yosef יעל=yael ליאור=lior מיכל=michal נועה=noa נעמה=naama עומר=omer עידו=ido רון=ron רותם=rotem שירה=shira תמר=tamar",
		family: "אברהם=avraham אזולאי=azoulay ביטון=biton גבאי=gabai דהן=dahan חדד=hadad כהן=cohen לוי=levi מזרחי=mizrahi מלכה=malka עמר=amar פרץ=peretz פרידמן=friedman קליין=klein רוזנברג=rosenberg שפירא=shapira"},
	{code: "ng", weight: 4,
		given:  "Abiodun Adaeze Adebayo Aisha Aminu Blessing Chiamaka Chidi Chinedu Damilola Ebere Efe Emeka Femi Folake Funmilayo Gbenga Halima Ifeoma Ikenna Kelechi Kemi Lola Musa Ngozi Nneka Obinna Olumide Osagie Oluchi Rasheed Sade Segun Temitope Tunde Uche Yetunde Yusuf Zainab",
		family: "Abubakar Achebe Adeleke Adeyemi Afolabi Agbaje Ajayi Akande Akinola Aliyu Anyanwu Balogun Bello Danjuma Ekwueme Eze Fashola Ibrahim Igwe Lawal Mohammed Nnamdi Nwachukwu Nwosu Obi Odukoya Ogunleye Okafor Okeke Okonkwo Okoye Oladipo Onyekachi Oyelaran Sanusi Usman Uzor Yakubu"},
	{code: "ke", weight: 3,
		given:  "Achieng Akinyi Amani Atieno Barasa Baraka Brian Cherono Collins Esther Faith Githinji Halima Jabali Juma Kamau Kiprop Kipchoge Makena Mercy Mumbi Muthoni Mwangi Naliaka Njeri Nyokabi Ochieng Otieno Pendo Rehema Salim Subira Wafula Wairimu Wanjiku Zawadi",
		family: "Abdi Chebet Gachanja Gathoni Gitau Hassan Kariuki Karanja Kibet Kimani Kimutai Kipkemboi Korir Langat Maina Mbugua Muriuki Mutiso Mutua Mwende Ndungu Ngugi Njoroge Nyambura Odhiambo Okoth Oloo Omondi Onyango Ouma Owino Rotich Simiyu Wambui Wanyama Wekesa"},
	{code: "et", weight: 1,
		given:  "Abebe Almaz Aster Bekele Berhane Dawit Desta Eleni Fikru Genet Haile Hirut Kebede Lemlem Makonnen Mulu Rahel Selam Solomon Tadesse Tigist Yared Yonas Zewditu",
		family: "Abate Alemu Assefa Ayele Bekele Demissie Desta Fikre Gebremariam Getachew Girma Hailu Kassa Lemma Mekonnen Mengistu Negash Seyoum Tadesse Tefera Tesfaye Wolde Worku Yohannes Zeleke"},
	{code: "nz", weight: 2,
		given:  "Ahorangi Anahera Aroha Awhina Hēmi Hine Hōne Hoani Kahu Kaia Kiri Mānia Manaia Mere Mihi Moana Ngaio Ngaire Nikau Piripi Rāwiri Rangi Rewi Tāmati Tama Tāne Tui Whetu Wiremu Wikitōria",
		family: "Apirana Harawira Hēnare Hohepa Hotere Huata Karaka Kereama Kīngi Marama Mātene Ngata Paki Parata Pārera Pewhairangi Pōmare Rangihau Ropata Ruatapu Tākuta Tamihere Taumata Te_Kanawa Te_Rangi Waaka Waititi Walker Whaanga Wihongi"},
	{code: "ie", weight: 2,
		given:  "Aisling Aoife Bríd Caoimhe Cathal Ciarán Cillian Cormac Dáithí Deirdre Éamon Eilís Eoin Fergal Fiadh Gráinne Kieran Laoise Liam Máire Maeve Niall Niamh Nuala Oisín Órla Pádraig Róisín Ruairí Sadhbh Seán Sinéad Siobhán Tadhg Úna",
		family: "Brennan Burke Byrne Carroll Casey Cullen Daly Doherty Doyle Dunne Fitzgerald Flanagan Gallagher Healy Hogan Kavanagh Keane Kelly Kennedy Lynch MacCarthy McDonagh McGrath McLoughlin Moran Murphy Nolan O’Brien O’Callaghan O’Connor O’Donnell O’Neill O’Reilly O’Sullivan Quinn Ryan Sheehan Sweeney Tierney"},
	{code: "is", weight: 1,
		given:  "Anna Ásdís Birna Bryndís Dagný Edda Elín Freyja Guðrún Halla Helga Hildur Ingibjörg Jóhanna Katrín Kristín Lilja Margrét Nanna Ólöf Ragnheiður Rakel Sæunn Sigríður Sólveig Steinunn Svanhildur Unnur Vigdís Þórdís Þóra",
		family: "Aradóttir Árnadóttir Ásgeirsdóttir Baldursdóttir Björnsdóttir Einarsdóttir Eiríksdóttir Gísladóttir Guðmundsdóttir Gunnarsdóttir Halldórsdóttir Haraldsdóttir Helgadóttir Jónsdóttir Karlsdóttir Magnúsdóttir Ólafsdóttir Pálsdóttir Ragnarsdóttir Sigurðardóttir Stefánsdóttir Þorsteinsdóttir"},
}

// stock is a tongue made ready: names as written and as spelled in addresses.
type stock struct {
	tongue
	givens, families []spelled
	stride           int // walks through all pairs once before any comes again
}

type spelled struct{ written, plain string }

func spell(list string) []spelled {
	words := strings.Fields(list)
	names := make([]spelled, len(words))
	for i, word := range words {
		written, plain, given := strings.Cut(strings.ReplaceAll(word, "_", " "), "=")
		if !given {
			plain = account.Fold(written)
		}
		names[i] = spelled{written, strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r == '-' {
				return r
			}
			return -1
		}, plain)}
	}
	return names
}

// names hands out the names of any number of people, each with a number: the same number is the same
// person for ever, and no two have one address.
type names struct {
	stocks []stock
	turns  []turn
}

// turn says whose name comes at a place of the round: the stock, and the how manieth of it in this round.
type turn struct{ stock, nth int }

func newNames() *names {
	n := &names{}
	var left []int
	for _, t := range tongues {
		s := stock{tongue: t, givens: spell(t.given), families: spell(t.family)}
		all := len(s.givens) * len(s.families)
		for s.stride = all * 618 / 1000; gcd(s.stride, all) != 1; s.stride++ {
		}
		n.stocks = append(n.stocks, s)
		left = append(left, t.weight)
	}
	// One of each, again and again, so that every stretch of a round is as mixed as the whole.
	for more := true; more; {
		more = false
		for i := range left {
			if left[i] > 0 {
				n.turns = append(n.turns, turn{i, n.stocks[i].weight - left[i]})
				left[i]--
				more = true
			}
		}
	}
	return n
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// called is a name, and the part of an address before the @.
type called struct{ name, local, code string }

// of is the name with a number.
func (n *names) of(i int) called {
	t := n.turns[i%len(n.turns)]
	return n.stocks[t.stock].of(i/len(n.turns)*n.stocks[t.stock].weight + t.nth)
}

// from is the name with a number among those of one place.
func (n *names) from(code string, i int) called {
	var here []*stock
	for s := range n.stocks {
		if n.stocks[s].code == code {
			here = append(here, &n.stocks[s])
		}
	}
	return here[i%len(here)].of(i / len(here))
}

func (s *stock) of(i int) called {
	all := len(s.givens) * len(s.families)
	pair, again := i%all*s.stride%all, i/all
	given, family := s.givens[pair%len(s.givens)], s.families[pair/len(s.givens)]
	c := called{local: given.plain + "." + family.plain, code: s.code}
	first, last := given.written, family.written
	if again > 0 { // where every pair was used, a number tells two of one name apart
		c.local += strconv.Itoa(again + 1)
		if given.written[0] < 0x80 && !s.familyFirst {
			first += " " + string("ABCDEFGHJKLMNOPRSTVW"[(again+pair)%20]) + "."
		}
	}
	gap := " "
	if s.tight {
		gap = ""
	}
	if s.familyFirst {
		first, last = last, first
	}
	c.name = first + gap + last
	return c
}
