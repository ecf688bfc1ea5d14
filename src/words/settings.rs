//! The form by which owners set up a room, and the other forms that people fill in.

use super::text::{Entry, Text, texts};

texts! {
    SETTINGS_OF(room) =>
        en "Settings of {room}"
        de "Einstellungen von {room}"
        fr "Réglages de {room}"
        es "Ajustes de {room}";
    SETTINGS_HINT =>
        en "Change what you like and leave the rest as it is. You can open this form again at any time."
        de "Ändern Sie, was Sie möchten, und lassen Sie den Rest, wie er ist. Sie können dieses Formular jederzeit wieder öffnen."
        fr "Changez ce que vous voulez et laissez le reste tel quel. Vous pouvez rouvrir ce formulaire à tout moment."
        es "Cambie lo que quiera y deje lo demás como está. Puede volver a abrir este formulario en cualquier momento.";
    ABOUT_THE_ROOM =>
        en "About the room"
        de "Über den Raum"
        fr "À propos du salon"
        es "Sobre la sala";
    WHO_ENTERS =>
        en "Who may enter"
        de "Wer eintreten darf"
        fr "Qui peut entrer"
        es "Quién puede entrar";
    WHO_SPEAKS =>
        en "Who may speak"
        de "Wer sprechen darf"
        fr "Qui peut parler"
        es "Quién puede hablar";
    WHO_SEES_WHAT =>
        en "Who sees what"
        de "Wer was sieht"
        fr "Qui voit quoi"
        es "Quién ve qué";
    HISTORY =>
        en "History"
        de "Verlauf"
        fr "Historique"
        es "Historial";
    THE_REST =>
        en "People in charge, and what is seldom needed"
        de "Verantwortliche und selten Gebrauchtes"
        fr "Responsables, et ce qui sert rarement"
        es "Responsables y lo que rara vez se necesita";
    ROOM_NAME =>
        en "Name"
        de "Name"
        fr "Nom"
        es "Nombre";
    ROOM_DESCRIPTION =>
        en "Description"
        de "Beschreibung"
        fr "Description"
        es "Descripción";
    ROOM_DESCRIPTION_HINT =>
        en "What the room is about, in a sentence or two."
        de "Worum es in dem Raum geht, in ein oder zwei Sätzen."
        fr "De quoi parle le salon, en une phrase ou deux."
        es "De qué trata la sala, en una o dos frases.";
    ROOM_LANGUAGE =>
        en "Language"
        de "Sprache"
        fr "Langue"
        es "Idioma";
    ROOM_LANGUAGE_HINT =>
        en "The language that is spoken here, as its code: en, de, fr, es, pt-BR."
        de "Die Sprache, die hier gesprochen wird, als Kürzel: en, de, fr, es, pt-BR."
        fr "La langue parlée ici, par son code : en, de, fr, es, pt-BR."
        es "El idioma que se habla aquí, con su código: en, de, fr, es, pt-BR.";
    ROOM_PICTURE_HINT =>
        en "Picture: set it in your client, in the details of the room."
        de "Bild: Legen Sie es in Ihrem Programm fest, bei den Details des Raums."
        fr "Image : choisissez-la dans votre client, dans les détails du salon."
        es "Imagen: elíjala en su cliente, en los detalles de la sala.";
    ROOM_PERSISTENT =>
        en "Permanent: the room stays when everybody has left"
        de "Dauerhaft: Der Raum bleibt, wenn alle gegangen sind"
        fr "Permanent : le salon reste quand tout le monde est parti"
        es "Permanente: la sala se conserva cuando todos han salido";
    ROOM_PUBLIC =>
        en "Public: everybody can find the room in lists and searches"
        de "Öffentlich: Alle können den Raum in Listen und mit der Suche finden"
        fr "Public : tout le monde peut trouver le salon dans les listes et les recherches"
        es "Pública: cualquiera puede encontrar la sala en listas y búsquedas";
    ROOM_PUBLIC_HINT =>
        en "Without this, only those who know the address of the room or are invited find it."
        de "Sonst findet ihn nur, wer seine Adresse kennt oder eingeladen wird."
        fr "Sinon, seuls ceux qui connaissent son adresse ou sont invités le trouvent."
        es "Si no, solo la encuentra quien conoce su dirección o recibe una invitación.";
    ROOM_MEMBERS_ONLY =>
        en "Members only: only those who were made members or invited can enter"
        de "Nur für Mitglieder: Nur wer Mitglied oder eingeladen ist, kann eintreten"
        fr "Réservé aux membres : seuls les membres et les invités peuvent entrer"
        es "Solo para miembros: solo pueden entrar los miembros y los invitados";
    ROOM_PASSWORD_PROTECTED =>
        en "Password protected: a password is needed to enter"
        de "Passwortgeschützt: Zum Eintreten ist ein Passwort nötig"
        fr "Protégé par mot de passe : il faut un mot de passe pour entrer"
        es "Protegida con contraseña: se necesita una contraseña para entrar";
    ROOM_PASSWORD =>
        en "Password"
        de "Passwort"
        fr "Mot de passe"
        es "Contraseña";
    ROOM_OCCUPANTS_MOST =>
        en "How many can be in the room at the same time"
        de "Wie viele zugleich im Raum sein können"
        fr "Combien de personnes peuvent être dans le salon à la fois"
        es "Cuántas personas pueden estar en la sala a la vez";
    NO_LIMIT =>
        en "No limit"
        de "Unbegrenzt"
        fr "Sans limite"
        es "Sin límite";
    MEMBERS_INVITE =>
        en "Members may invite others"
        de "Mitglieder dürfen andere einladen"
        fr "Les membres peuvent inviter d’autres personnes"
        es "Los miembros pueden invitar a otros";
    MEMBERS_INVITE_HINT =>
        en "This matters if the room is for members only; into other rooms everybody inside can invite."
        de "Das gilt, wenn der Raum nur für Mitglieder ist; in andere Räume kann einladen, wer darin ist."
        fr "Utile si le salon est réservé aux membres ; ailleurs, chaque personne présente peut inviter."
        es "Sirve si la sala es solo para miembros; en las demás puede invitar quien esté dentro.";
    NEW_MEMBERS_INVITED =>
        en "The room sends an invitation to those who become members of it"
        de "Der Raum schickt eine Einladung an alle, die sein Mitglied werden"
        fr "Le salon envoie une invitation à ceux qui en deviennent membres"
        es "La sala envía una invitación a quienes se hacen miembros";
    NEW_MEMBERS_INVITED_HINT =>
        en "This matters if the room is for members only. Many clients send an invitation themselves."
        de "Das gilt, wenn der Raum nur für Mitglieder ist. Viele Programme schicken selbst eine Einladung."
        fr "Utile si le salon est réservé aux membres. Beaucoup de clients envoient eux-mêmes une invitation."
        es "Sirve si la sala es solo para miembros. Muchos clientes envían ellos mismos una invitación.";
    REGISTRATION_OPEN =>
        en "Registration: those who can enter can reserve a nickname, and become members by it"
        de "Registrierung: Wer eintreten kann, kann sich einen Spitznamen reservieren und wird damit Mitglied"
        fr "Enregistrement : ceux qui peuvent entrer peuvent réserver un pseudo, et deviennent ainsi membres"
        es "Registro: quien puede entrar puede reservar un apodo, y así se hace miembro";
    NICKS_LOCKED =>
        en "Fixed nicknames: those who have registered a nickname cannot use another"
        de "Feste Spitznamen: Wer einen Spitznamen registriert hat, kann keinen anderen benutzen"
        fr "Pseudos fixes : ceux qui ont enregistré un pseudo ne peuvent pas en utiliser un autre"
        es "Apodos fijos: quien ha registrado un apodo no puede usar otro";
    ROOM_MODERATED =>
        en "Moderated: those who enter can only read until a moderator lets them write"
        de "Moderiert: Wer eintritt, kann nur lesen, bis die Moderation das Schreiben erlaubt"
        fr "Modéré : ceux qui entrent ne peuvent que lire tant qu’un modérateur ne leur donne pas la parole"
        es "Moderada: quienes entran solo pueden leer hasta que un moderador les dé la palabra";
    SUBJECT_BY_ALL =>
        en "Everybody who may write can also change the topic (subject)"
        de "Alle, die schreiben dürfen, können auch das Thema ändern"
        fr "Tous ceux qui peuvent écrire peuvent aussi changer le sujet"
        es "Todos los que pueden escribir pueden cambiar también el tema";
    PRIVATE_MESSAGES_BY =>
        en "Who can send private messages to others in the room"
        de "Wer anderen im Raum private Nachrichten senden kann"
        fr "Qui peut envoyer des messages privés aux autres dans le salon"
        es "Quién puede enviar mensajes privados a otros en la sala";
    ANYONE =>
        en "Everybody"
        de "Alle"
        fr "Tout le monde"
        es "Todos";
    THOSE_WITH_VOICE =>
        en "Those who may write in the room"
        de "Alle, die im Raum schreiben dürfen"
        fr "Ceux qui peuvent écrire dans le salon"
        es "Quienes pueden escribir en la sala";
    MODERATORS =>
        en "Moderators"
        de "Moderatoren"
        fr "Modérateurs"
        es "Moderadores";
    MODERATORS_ONLY =>
        en "Moderators only"
        de "Nur Moderatoren"
        fr "Les modérateurs seulement"
        es "Solo los moderadores";
    PARTICIPANTS =>
        en "Participants (who may write)"
        de "Teilnehmende (die schreiben dürfen)"
        fr "Participants (qui peuvent écrire)"
        es "Participantes (que pueden escribir)";
    VISITORS =>
        en "Visitors (who may only read)"
        de "Besuchende (die nur lesen dürfen)"
        fr "Visiteurs (qui peuvent seulement lire)"
        es "Visitantes (que solo pueden leer)";
    NOT_ANYONE =>
        en "No one"
        de "Niemand"
        fr "Personne"
        es "Nadie";
    SLOW_MODE_SECONDS =>
        en "Slow mode: seconds to wait between two messages"
        de "Langsam-Modus: Sekunden Wartezeit zwischen zwei Nachrichten"
        fr "Mode lent : secondes à attendre entre deux messages"
        es "Modo lento: segundos de espera entre dos mensajes";
    SLOW_MODE_HINT =>
        en "0 for none. Admins and owners need not wait."
        de "0 für keine. Admins und Besitzer müssen nicht warten."
        fr "0 pour aucune. Les administrateurs et propriétaires n’ont pas à attendre."
        es "0 para ninguno. Los administradores y propietarios no tienen que esperar.";
    REACTIONS_EACH_MOST =>
        en "How many reactions each person can give to one message"
        de "Wie viele Reaktionen eine Person auf eine Nachricht geben kann"
        fr "Combien de réactions chacun peut donner à un message"
        es "Cuántas reacciones puede dar cada persona a un mensaje";
    ZERO_ANY_NUMBER =>
        en "0 for any number."
        de "0 für beliebig viele."
        fr "0 pour un nombre quelconque."
        es "0 para cualquier número.";
    REACTIONS_LIST =>
        en "Which reactions are allowed"
        de "Welche Reaktionen erlaubt sind"
        fr "Quelles réactions sont permises"
        es "Qué reacciones se permiten";
    REACTIONS_LIST_HINT =>
        en "One emoji in each line. Empty: all are allowed."
        de "Ein Emoji in jeder Zeile. Leer: Alle sind erlaubt."
        fr "Un émoji par ligne. Vide : toutes sont permises."
        es "Un emoji por línea. Vacío: se permiten todas.";
    MENTIONS_FORWARDED =>
        en "Tell members who are away that they were mentioned"
        de "Abwesenden Mitgliedern mitteilen, dass sie erwähnt wurden"
        fr "Prévenir les membres absents qu’ils ont été mentionnés"
        es "Avisar a los miembros ausentes de que se les ha mencionado";
    ADDRESSES_SEEN_BY =>
        en "Who sees the addresses (accounts) behind the nicknames"
        de "Wer die Adressen (Konten) hinter den Spitznamen sieht"
        fr "Qui voit les adresses (comptes) derrière les pseudos"
        es "Quién ve las direcciones (cuentas) detrás de los apodos";
    ADDRESSES_SEEN_BY_HINT =>
        en "Moderators only: the room is called semi-anonymous. Everybody: it is called non-anonymous."
        de "Nur Moderatoren: Der Raum heißt halb-anonym. Alle: Er heißt nicht anonym."
        fr "Les modérateurs seulement : le salon est dit semi-anonyme. Tout le monde : il est dit non anonyme."
        es "Solo los moderadores: la sala se llama semianónima. Todos: se llama no anónima.";
    PRESENCE_SHOWN_OF =>
        en "Who is shown in the list of those who are here"
        de "Wer in der Liste der Anwesenden gezeigt wird"
        fr "Qui est montré dans la liste des personnes présentes"
        es "A quién se muestra en la lista de presentes";
    QUIET_ABOVE =>
        en "Large rooms: above so many people, show those who enter only once they speak"
        de "Große Räume: Ab so vielen Personen Neue erst zeigen, wenn sie sprechen"
        fr "Grands salons : au-delà de tant de personnes, ne montrer les arrivants que s’ils parlent"
        es "Salas grandes: a partir de tantas personas, mostrar a los nuevos solo cuando hablan";
    QUIET_ABOVE_HINT =>
        en "0 to show everybody always."
        de "0, um immer alle zu zeigen."
        fr "0 pour toujours montrer tout le monde."
        es "0 para mostrar siempre a todos.";
    MEMBER_LIST_SEEN_BY =>
        en "Who can see the list of members"
        de "Wer die Liste der Mitglieder sehen kann"
        fr "Qui peut voir la liste des membres"
        es "Quién puede ver la lista de miembros";
    MEMBER_LIST_HINT =>
        en "This matters where everybody sees the addresses; elsewhere only moderators see the list."
        de "Das gilt, wo alle die Adressen sehen; sonst sehen nur Moderatoren die Liste."
        fr "Utile là où tout le monde voit les adresses ; ailleurs, seuls les modérateurs voient la liste."
        es "Sirve donde todos ven las direcciones; en las demás, solo los moderadores ven la lista.";
    HISTORY_MOST =>
        en "How many earlier messages those who enter are shown"
        de "Wie viele frühere Nachrichten beim Eintreten gezeigt werden"
        fr "Combien de messages précédents sont montrés à ceux qui entrent"
        es "Cuántos mensajes anteriores se muestran a quienes entran";
    ARCHIVE_ON =>
        en "Archive: keep messages, so that those who may enter can read them later"
        de "Archiv: Nachrichten aufbewahren, damit alle, die eintreten dürfen, sie später lesen können"
        fr "Archives : garder les messages, pour que ceux qui peuvent entrer les lisent plus tard"
        es "Archivo: conservar los mensajes para que quienes pueden entrar los lean más tarde";
    ARCHIVE_DAYS =>
        en "For how many days messages are kept"
        de "Wie viele Tage Nachrichten aufbewahrt werden"
        fr "Pendant combien de jours les messages sont gardés"
        es "Durante cuántos días se conservan los mensajes";
    ARCHIVE_DAYS_HINT =>
        en "7 for a week. 0 for as long as the service keeps them."
        de "7 für eine Woche. 0 für so lange, wie der Dienst sie aufbewahrt."
        fr "7 pour une semaine. 0 pour aussi longtemps que le service les garde."
        es "7 para una semana. 0 para tanto tiempo como el servicio los conserve.";
    ARCHIVE_MESSAGES =>
        en "How many messages are kept at most"
        de "Wie viele Nachrichten höchstens aufbewahrt werden"
        fr "Combien de messages sont gardés au plus"
        es "Cuántos mensajes se conservan como máximo";
    ARCHIVE_MESSAGES_HINT =>
        en "0 for as many as the service keeps."
        de "0 für so viele, wie der Dienst aufbewahrt."
        fr "0 pour autant que le service en garde."
        es "0 para tantos como el servicio conserve.";
    LOGGED_IN_PUBLIC =>
        en "Public log: what is said is published on the web"
        de "Öffentliches Protokoll: Was gesagt wird, wird im Web veröffentlicht"
        fr "Journal public : ce qui est dit est publié sur le web"
        es "Registro público: lo que se dice se publica en la web";
    ROOM_ADMINS =>
        en "Admins"
        de "Admins"
        fr "Administrateurs"
        es "Administradores";
    ROOM_ADMINS_HINT =>
        en "They decide who may enter and write. An account that is taken off this list becomes a member."
        de "Sie entscheiden, wer eintreten und schreiben darf. Ein Konto, das von dieser Liste genommen wird, wird Mitglied."
        fr "Ils décident qui peut entrer et écrire. Un compte retiré de cette liste devient membre."
        es "Deciden quién puede entrar y escribir. Una cuenta que se quita de esta lista pasa a ser miembro.";
    ROOM_OWNERS =>
        en "Owners"
        de "Besitzer"
        fr "Propriétaires"
        es "Propietarios";
    ROOM_OWNERS_HINT =>
        en "They can do everything, and change these settings. An account that is taken off this list becomes an admin."
        de "Sie dürfen alles und ändern diese Einstellungen. Ein Konto, das von dieser Liste genommen wird, wird Admin."
        fr "Ils peuvent tout faire, et changer ces réglages. Un compte retiré de cette liste devient administrateur."
        es "Pueden hacerlo todo y cambiar estos ajustes. Una cuenta que se quita de esta lista pasa a ser administradora.";
    CONTACTS =>
        en "Addresses for questions about the room"
        de "An wen man sich wegen des Raums wenden kann"
        fr "À qui écrire au sujet du salon"
        es "A quién escribir sobre la sala";
    CONTACTS_HINT =>
        en "One address in each line. Everybody can see them."
        de "Eine Adresse in jeder Zeile. Alle können sie sehen."
        fr "Une adresse par ligne. Tout le monde peut les voir."
        es "Una dirección por línea. Todos pueden verlas.";
    RATINGS =>
        en "Content ratings"
        de "Einstufungen der Inhalte"
        fr "Classification des contenus"
        es "Clasificación de contenidos";
    RATINGS_HINT =>
        en "In each line the URI of a rating scheme, a space, and a label of that scheme."
        de "In jeder Zeile die URI eines Einstufungssystems, ein Leerzeichen und eine Einstufung daraus."
        fr "Dans chaque ligne, l’URI d’un système de classification, une espace et une mention de ce système."
        es "En cada línea, el URI de un sistema de clasificación, un espacio y una etiqueta de ese sistema.";
    PUBSUB_NODE =>
        en "Associated pubsub node"
        de "Zugehöriger Pubsub-Knoten"
        fr "Nœud pubsub associé"
        es "Nodo pubsub asociado";
    PUBSUB_NODE_HINT =>
        en "An xmpp: address, for clients that show a page or a space along with the room."
        de "Eine xmpp:-Adresse für Programme, die eine Seite oder einen Bereich neben dem Raum zeigen."
        fr "Une adresse xmpp:, pour les clients qui montrent une page ou un espace avec le salon."
        es "Una dirección xmpp:, para clientes que muestran una página o un espacio junto a la sala.";
    REGISTRATION_WITH(room) =>
        en "Registration with {room}"
        de "Registrierung in {room}"
        fr "Enregistrement auprès de {room}"
        es "Registro en {room}";
    NICKNAME =>
        en "Nickname"
        de "Spitzname"
        fr "Pseudo"
        es "Apodo";
    GIVEN_NAME =>
        en "Given name"
        de "Vorname"
        fr "Prénom"
        es "Nombre de pila";
    FAMILY_NAME =>
        en "Family name"
        de "Nachname"
        fr "Nom de famille"
        es "Apellidos";
    WEB_PAGE =>
        en "Web page"
        de "Webseite"
        fr "Page web"
        es "Página web";
    EMAIL_ADDRESS =>
        en "Email address"
        de "E-Mail-Adresse"
        fr "Adresse e-mail"
        es "Correo electrónico";
    FEW_WORDS =>
        en "A few words for the others"
        de "Ein paar Worte für die anderen"
        fr "Quelques mots pour les autres"
        es "Unas palabras para los demás";
    VOICE_REQUEST =>
        en "Voice request"
        de "Bitte um das Rederecht"
        fr "Demande de parole"
        es "Petición de palabra";
    REQUESTED_ROLE =>
        en "Requested role"
        de "Gewünschte Rolle"
        fr "Rôle demandé"
        es "Rol solicitado";
    PARTICIPANT =>
        en "Participant (who may write)"
        de "Teilnehmend (darf schreiben)"
        fr "Participant (peut écrire)"
        es "Participante (puede escribir)";
    GIVE_VOICE =>
        en "Let this person write in the room?"
        de "Darf diese Person im Raum schreiben?"
        fr "Laisser cette personne écrire dans le salon ?"
        es "¿Permitir que esta persona escriba en la sala?";
    SEARCH_FOR_ROOMS =>
        en "Search for rooms"
        de "Räume suchen"
        fr "Rechercher des salons"
        es "Buscar salas";
    SEARCH_FOR =>
        en "Search for"
        de "Suchen nach"
        fr "Rechercher"
        es "Buscar";
    ALL_ROOMS =>
        en "All rooms"
        de "Alle Räume"
        fr "Tous les salons"
        es "Todas las salas";
    IN_NAMES =>
        en "Search in names"
        de "In Namen suchen"
        fr "Chercher dans les noms"
        es "Buscar en los nombres";
    IN_DESCRIPTIONS =>
        en "Search in descriptions"
        de "In Beschreibungen suchen"
        fr "Chercher dans les descriptions"
        es "Buscar en las descripciones";
    IN_ADDRESSES =>
        en "Search in addresses"
        de "In Adressen suchen"
        fr "Chercher dans les adresses"
        es "Buscar en las direcciones";
    FEWEST_OCCUPANTS =>
        en "How many people are in the room at least"
        de "Wie viele Personen mindestens im Raum sind"
        fr "Combien de personnes au moins sont dans le salon"
        es "Cuántas personas hay en la sala como mínimo";
    KINDS_OF_ROOMS =>
        en "Kinds of rooms"
        de "Arten von Räumen"
        fr "Types de salons"
        es "Tipos de salas";
    MULTI_USER_CHAT =>
        en "Multi-User Chat (XEP-0045)"
        de "Multi-User Chat (XEP-0045)"
        fr "Multi-User Chat (XEP-0045)"
        es "Multi-User Chat (XEP-0045)";
    ORDER_OF_RESULTS =>
        en "Order of the results"
        de "Reihenfolge der Ergebnisse"
        fr "Ordre des résultats"
        es "Orden de los resultados";
    NUMBER_OF_OCCUPANTS =>
        en "Number of people inside"
        de "Zahl der Anwesenden"
        fr "Nombre de personnes présentes"
        es "Número de personas presentes";
    SEARCHES_WAIT =>
        en "Too many searches wait. Please try again later."
        de "Zu viele Suchen warten. Bitte versuchen Sie es später wieder."
        fr "Trop de recherches attendent. Veuillez réessayer plus tard."
        es "Demasiadas búsquedas esperan. Inténtelo más tarde.";
    SEARCHED_TOO_OFTEN(seconds) =>
        en "You search too often. Please try again in {seconds} seconds."
        de "Sie suchen zu oft. Bitte versuchen Sie es in {seconds} Sekunden wieder."
        fr "Vous recherchez trop souvent. Veuillez réessayer dans {seconds} secondes."
        es "Busca demasiado a menudo. Inténtelo dentro de {seconds} segundos.";
    SEARCH_FOR_WHAT =>
        en "Say what to search for, or that you want all rooms."
        de "Geben Sie an, wonach gesucht werden soll oder dass Sie alle Räume möchten."
        fr "Dites ce qu’il faut chercher, ou que vous voulez tous les salons."
        es "Indique qué buscar, o que quiere todas las salas.";
    SEARCH_BOTH =>
        en "“All rooms” and “Search for” exclude each other."
        de "„Alle Räume“ und „Suchen nach“ schließen einander aus."
        fr "« Tous les salons » et « Rechercher » s’excluent."
        es "«Todas las salas» y «Buscar» se excluyen.";
    SEARCH_NOWHERE =>
        en "There is nowhere left to search in."
        de "Es bleibt nichts, worin gesucht werden könnte."
        fr "Il ne reste rien où chercher."
        es "No queda dónde buscar.";
    SEARCH_FEWEST_NUMBER =>
        en "The number of people must be a whole number."
        de "Die Zahl der Personen muss eine ganze Zahl sein."
        fr "Le nombre de personnes doit être un nombre entier."
        es "El número de personas debe ser un número entero.";
    SEARCH_NO_ORDER =>
        en "The results cannot be put in this order."
        de "Nach dieser Reihenfolge können die Ergebnisse nicht sortiert werden."
        fr "Les résultats ne peuvent pas être mis dans cet ordre."
        es "Los resultados no se pueden poner en ese orden.";
    SEARCH_BYTES_MOST(most) =>
        en "What is searched for may have {most} bytes at most."
        de "Der Suchtext darf höchstens {most} Bytes lang sein."
        fr "La recherche peut avoir {most} octets au plus."
        es "La búsqueda puede tener {most} bytes como máximo.";
    SEARCH_WORDS_MOST(most) =>
        en "Search for {most} words at most."
        de "Suchen Sie nach höchstens {most} Wörtern."
        fr "Cherchez {most} mots au plus."
        es "Busque {most} palabras como máximo.";
    SEARCH_NO_WORD =>
        en "There is no word to search for."
        de "Es fehlt ein Wort, nach dem gesucht werden könnte."
        fr "Il manque un mot à chercher."
        es "Falta una palabra que buscar.";
}
