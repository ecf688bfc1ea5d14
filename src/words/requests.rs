//! What is refused of requests: roles and affiliations, lists, the archive, what is not understood, what is too much.

use super::text::texts;

texts! {
    ONLY_MODERATORS_AND_ADMINS =>
        en "Only moderators and admins change roles and affiliations."
        de "Nur Moderatoren und Admins ändern Rollen und Zugehörigkeiten."
        fr "Seuls les modérateurs et administrateurs changent les rôles et affiliations."
        es "Solo los moderadores y administradores cambian roles y afiliaciones.";
    ITEM_NEEDED =>
        en "The request names nothing to change."
        de "Die Anfrage nennt nichts, was zu ändern wäre."
        fr "La demande n’indique rien à changer."
        es "La petición no indica nada que cambiar.";
    ITEMS_MOST(most) =>
        en "One request may have {most} items at most."
        de "Eine Anfrage darf höchstens {most} Einträge haben."
        fr "Une demande peut avoir {most} éléments au plus."
        es "Una petición puede tener {most} elementos como máximo.";
    ITEM_ATTRIBUTE(name) =>
        en "An item has no “{name}” here."
        de "Ein Eintrag hat hier kein „{name}“."
        fr "Un élément n’a pas de « {name} » ici."
        es "Un elemento no tiene «{name}» aquí.";
    NICK_OF_OTHER =>
        en "The occupant of this nickname has another address."
        de "Wer diesen Spitznamen hat, hat eine andere Adresse."
        fr "L’occupant de ce pseudo a une autre adresse."
        es "Quien tiene este apodo tiene otra dirección.";
    ROLE_OR_AFFILIATION =>
        en "An item changes a role or an affiliation, not both."
        de "Ein Eintrag ändert eine Rolle oder eine Zugehörigkeit, nicht beides."
        fr "Un élément change un rôle ou une affiliation, pas les deux."
        es "Un elemento cambia un rol o una afiliación, no ambos.";
    NO_ROLE_OR_AFFILIATION =>
        en "An item needs a role or an affiliation."
        de "Ein Eintrag braucht eine Rolle oder eine Zugehörigkeit."
        fr "Un élément demande un rôle ou une affiliation."
        es "Un elemento necesita un rol o una afiliación.";
    NO_SUCH_ROLE =>
        en "There is no such role."
        de "Diese Rolle gibt es nicht."
        fr "Ce rôle n’existe pas."
        es "Ese rol no existe.";
    ROLE_OF_NICK =>
        en "A role is that of a nickname, which is missing."
        de "Eine Rolle gehört zu einem Spitznamen; der fehlt."
        fr "Un rôle est celui d’un pseudo, qui manque."
        es "Un rol es de un apodo, que falta.";
    NO_SUCH_AFFILIATION =>
        en "There is no such affiliation."
        de "Diese Zugehörigkeit gibt es nicht."
        fr "Cette affiliation n’existe pas."
        es "Esa afiliación no existe.";
    AFFILIATION_OF_ADDRESS =>
        en "An affiliation is that of an address, which is missing."
        de "Eine Zugehörigkeit gehört zu einer Adresse; die fehlt."
        fr "Une affiliation est celle d’une adresse, qui manque."
        es "Una afiliación es de una dirección, que falta.";
    LISTS_HIDDEN =>
        en "You may not see the lists of this room."
        de "Sie dürfen die Listen dieses Raums nicht sehen."
        fr "Vous ne pouvez pas voir les listes de ce salon."
        es "No se le permite ver las listas de esta sala.";
    LIST_HIDDEN =>
        en "You may not see this list."
        de "Sie dürfen diese Liste nicht sehen."
        fr "Vous ne pouvez pas voir cette liste."
        es "No se le permite ver esta lista.";
    DOMAIN_BY_ADMIN =>
        en "This is the address of a whole domain. Only admins put it on a list, by that very address."
        de "Das ist die Adresse einer ganzen Domain. Nur Admins setzen sie auf eine Liste, unter genau dieser Adresse."
        fr "C’est l’adresse d’un domaine entier. Seuls les administrateurs l’inscrivent sur une liste, par cette adresse même."
        es "Es la dirección de un dominio entero. Solo los administradores la ponen en una lista, con esa misma dirección.";
    BAN_YOURSELF =>
        en "You would ban yourself."
        de "Sie würden sich selbst verbannen."
        fr "Vous vous banniriez vous-même."
        es "Se vetaría a sí mismo.";
    DOMAIN_MEMBER_OR_BANNED =>
        en "A whole domain can be a member or banned, and nothing else."
        de "Eine ganze Domain kann Mitglied oder verbannt sein, sonst nichts."
        fr "Un domaine entier peut être membre ou banni, rien d’autre."
        es "Un dominio entero puede ser miembro o estar vetado, y nada más.";
    IS_SERVICE_ADMIN =>
        en "This account is an admin of the service, and so an owner of every room."
        de "Dieses Konto ist Admin des Dienstes und damit Besitzer jedes Raums."
        fr "Ce compte est administrateur du service, et donc propriétaire de chaque salon."
        es "Esta cuenta es administradora del servicio y, por tanto, propietaria de todas las salas.";
    OWNER_NEEDED =>
        en "A room needs an owner. Make another account an owner first."
        de "Ein Raum braucht einen Besitzer. Machen Sie zuerst ein anderes Konto dazu."
        fr "Un salon doit avoir un propriétaire. Désignez-en d’abord un autre."
        es "Una sala necesita un propietario. Nombre primero a otro.";
    AFFILIATIONS_MOST =>
        en "The lists of the room are full."
        de "Die Listen des Raums sind voll."
        fr "Les listes du salon sont pleines."
        es "Las listas de la sala están llenas.";
    BANS_MOST =>
        en "The room has too many bans. Ban whole domains, or lift some of the bans."
        de "Der Raum hat zu viele Verbannungen. Verbannen Sie ganze Domains oder heben Sie einige auf."
        fr "Le salon a trop de bannissements. Bannissez des domaines entiers, ou levez-en quelques-uns."
        es "La sala tiene demasiados vetos. Vete dominios enteros, o levante algunos.";
    ONLY_ADMINS_CHANGE_AFFILIATIONS =>
        en "Only admins and owners change affiliations."
        de "Nur Admins und Besitzer ändern Zugehörigkeiten."
        fr "Seuls les administrateurs et propriétaires changent les affiliations."
        es "Solo los administradores y propietarios cambian afiliaciones.";
    ONLY_OWNERS_MAKE_ADMINS =>
        en "Only owners make admins and owners."
        de "Nur Besitzer ernennen Admins und Besitzer."
        fr "Seuls les propriétaires nomment des administrateurs et des propriétaires."
        es "Solo los propietarios nombran administradores y propietarios.";
    ONLY_OWNERS_CHANGE_ADMINS =>
        en "Only owners change the affiliation of admins and owners."
        de "Nur Besitzer ändern die Zugehörigkeit von Admins und Besitzern."
        fr "Seuls les propriétaires changent l’affiliation des administrateurs et des propriétaires."
        es "Solo los propietarios cambian la afiliación de administradores y propietarios.";
    ONLY_MODERATORS_CHANGE_ROLES =>
        en "Only moderators change roles."
        de "Nur Moderatoren ändern Rollen."
        fr "Seuls les modérateurs changent les rôles."
        es "Solo los moderadores cambian roles.";
    ONLY_ADMINS_MAKE_MODERATORS =>
        en "Only admins and owners make moderators."
        de "Nur Admins und Besitzer ernennen Moderatoren."
        fr "Seuls les administrateurs et propriétaires nomment des modérateurs."
        es "Solo los administradores y propietarios nombran moderadores.";
    KICK_HIGHER =>
        en "An occupant of a higher affiliation cannot be removed."
        de "Wer eine höhere Zugehörigkeit hat, kann nicht entfernt werden."
        fr "On ne peut pas expulser un occupant d’une affiliation supérieure."
        es "No se puede expulsar a quien tiene una afiliación superior.";
    ONLY_ADMINS_KICK_MODERATORS =>
        en "Only admins and owners remove moderators."
        de "Nur Admins und Besitzer entfernen Moderatoren."
        fr "Seuls les administrateurs et propriétaires expulsent des modérateurs."
        es "Solo los administradores y propietarios expulsan a moderadores.";
    ADMINS_STAY_MODERATORS =>
        en "Admins and owners are always moderators."
        de "Admins und Besitzer sind immer Moderatoren."
        fr "Les administrateurs et propriétaires sont toujours modérateurs."
        es "Los administradores y propietarios son siempre moderadores.";
    ONLY_ADMINS_UNMAKE_MODERATORS =>
        en "Only admins and owners take the role of moderator away."
        de "Nur Admins und Besitzer entziehen die Moderation."
        fr "Seuls les administrateurs et propriétaires retirent le rôle de modérateur."
        es "Solo los administradores y propietarios quitan el rol de moderador.";
    VOICE_OF_HIGHER =>
        en "Voice cannot be taken from an occupant of the same or a higher affiliation."
        de "Wer die gleiche oder eine höhere Zugehörigkeit hat, dem kann das Rederecht nicht entzogen werden."
        fr "On ne peut pas retirer la parole à un occupant d’une affiliation égale ou supérieure."
        es "No se puede quitar la palabra a quien tiene la misma afiliación o una superior.";
    RETRACT_HIGHER =>
        en "What an account of a higher affiliation said cannot be retracted."
        de "Was ein Konto mit höherer Zugehörigkeit gesagt hat, kann nicht zurückgezogen werden."
        fr "On ne peut pas retirer ce qu’a dit un compte d’une affiliation supérieure."
        es "No se puede retirar lo que dijo una cuenta de afiliación superior.";
    WHICH_LIST =>
        en "It is not said which list is asked for."
        de "Es ist nicht angegeben, welche Liste gewünscht ist."
        fr "Il n’est pas dit quelle liste est demandée."
        es "No se indica qué lista se pide.";
    ONE_LIST =>
        en "One list at a time, please."
        de "Bitte eine Liste nach der anderen."
        fr "Une liste à la fois, s’il vous plaît."
        es "Una lista cada vez, por favor.";
    LIST_AFTER_ONLY =>
        en "Pages of this list go by <after/> alone."
        de "Seiten dieser Liste gibt es nur mit <after/>."
        fr "Les pages de cette liste se demandent par <after/> seulement."
        es "Las páginas de esta lista se piden solo con <after/>.";
    LIST_OF_WHAT =>
        en "A list is one of roles or of affiliations."
        de "Eine Liste ist eine von Rollen oder von Zugehörigkeiten."
        fr "Une liste porte sur des rôles ou sur des affiliations."
        es "Una lista es de roles o de afiliaciones.";
    NO_LIST_OF_ROLE =>
        en "There is no list of this role."
        de "Für diese Rolle gibt es keine Liste."
        fr "Il n’y a pas de liste pour ce rôle."
        es "No hay lista para ese rol.";
    ONLY_MODERATORS_SEE_ROLES =>
        en "Only moderators see lists of roles."
        de "Nur Moderatoren sehen Listen von Rollen."
        fr "Seuls les modérateurs voient les listes de rôles."
        es "Solo los moderadores ven listas de roles.";
    NO_LIST_OF_AFFILIATION =>
        en "There is no list of this affiliation."
        de "Für diese Zugehörigkeit gibt es keine Liste."
        fr "Il n’y a pas de liste pour cette affiliation."
        es "No hay lista para esa afiliación.";
    NO_SUCH_MESSAGE =>
        en "There is no such message."
        de "Diese Nachricht gibt es nicht."
        fr "Ce message n’existe pas."
        es "Ese mensaje no existe.";
    ARCHIVE_UNREADABLE =>
        en "The archive cannot be read now. Please try again later."
        de "Das Archiv ist gerade nicht lesbar. Bitte versuchen Sie es später wieder."
        fr "Les archives sont illisibles pour le moment. Veuillez réessayer plus tard."
        es "El archivo no se puede leer ahora. Inténtelo más tarde.";
    NO_ARCHIVE =>
        en "This room has no archive."
        de "Dieser Raum hat kein Archiv."
        fr "Ce salon n’a pas d’archives."
        es "Esta sala no tiene archivo.";
    ARCHIVE_CLOSED =>
        en "You may not read the archive of this room."
        de "Sie dürfen das Archiv dieses Raums nicht lesen."
        fr "Vous ne pouvez pas lire les archives de ce salon."
        es "No se le permite leer el archivo de esta sala.";
    AUTHORS_HIDDEN =>
        en "You may not know which account is behind an occupant."
        de "Sie dürfen nicht wissen, welches Konto hinter einem Spitznamen steht."
        fr "Vous ne pouvez pas savoir quel compte est derrière un occupant."
        es "No se le permite saber qué cuenta hay detrás de un ocupante.";
    IDS_MOST(most) =>
        en "A query may ask for {most} ids at most."
        de "Eine Abfrage darf höchstens {most} IDs nennen."
        fr "Une requête peut demander {most} identifiants au plus."
        es "Una consulta puede pedir {most} identificadores como máximo.";
    INDEX_MOST(most) =>
        en "A page may begin after {most} messages at most. Go on by ids after that."
        de "Eine Seite darf nach höchstens {most} Nachrichten beginnen. Danach geht es mit IDs weiter."
        fr "Une page peut commencer après {most} messages au plus. Au-delà, continuez par identifiants."
        es "Una página puede empezar tras {most} mensajes como máximo. Después, continúe con identificadores.";
    NO_SUCH_FIELD(field) =>
        en "There is no field “{field}”."
        de "Das Feld „{field}“ gibt es nicht."
        fr "Le champ « {field} » n’existe pas."
        es "El campo «{field}» no existe.";
    FIELD_ONE_VALUE(field) =>
        en "The field “{field}” takes one value."
        de "Das Feld „{field}“ nimmt einen Wert."
        fr "Le champ « {field} » prend une seule valeur."
        es "El campo «{field}» admite un solo valor.";
    NO_SUCH_ELEMENT(name) =>
        en "There is no <{name}/> here."
        de "Ein <{name}/> gibt es hier nicht."
        fr "Il n’y a pas de <{name}/> ici."
        es "No hay <{name}/> aquí.";
    ARCHIVE_NO_NODES =>
        en "The archive of a room has no nodes."
        de "Das Archiv eines Raums hat keine Knoten."
        fr "Les archives d’un salon n’ont pas de nœuds."
        es "El archivo de una sala no tiene nodos.";
    TIME_UNCLEAR =>
        en "A time is not understood."
        de "Eine Zeitangabe ist nicht verständlich."
        fr "Une date n’est pas comprise."
        es "No se entiende una fecha.";
    ONLY_MODERATION =>
        en "Only a moderation can be attached to a message by a request."
        de "Durch eine Anfrage kann einer Nachricht nur eine Moderation beigefügt werden."
        fr "Seule une modération peut être jointe à un message par une demande."
        es "Solo una moderación puede añadirse a un mensaje con una petición.";
    ONLY_RETRACTION =>
        en "Moderators can retract messages, and nothing else."
        de "Moderatoren können Nachrichten zurückziehen, sonst nichts."
        fr "Les modérateurs peuvent retirer des messages, rien d’autre."
        es "Los moderadores pueden retirar mensajes, y nada más.";
    WHICH_MESSAGE =>
        en "It is not said which message is meant."
        de "Es ist nicht angegeben, welche Nachricht gemeint ist."
        fr "Il n’est pas dit de quel message il s’agit."
        es "No se indica de qué mensaje se trata.";
    ONLY_MODERATORS_RETRACT =>
        en "Only moderators retract what others said."
        de "Nur Moderatoren ziehen zurück, was andere gesagt haben."
        fr "Seuls les modérateurs retirent ce que d’autres ont dit."
        es "Solo los moderadores retiran lo que otros dijeron.";
    ROOM_SAID_IT =>
        en "What the room itself said cannot be retracted."
        de "Was der Raum selbst gesagt hat, kann nicht zurückgezogen werden."
        fr "Ce que le salon lui-même a dit ne peut pas être retiré."
        es "Lo que dijo la propia sala no se puede retirar.";
    MAY_NOT_REGISTER =>
        en "You may not register with this room."
        de "Sie können sich in diesem Raum nicht registrieren."
        fr "Vous ne pouvez pas vous enregistrer auprès de ce salon."
        es "No se le permite registrarse en esta sala.";
    NOT_REGISTERED =>
        en "You are not registered with this room."
        de "Sie sind in diesem Raum nicht registriert."
        fr "Vous n’êtes pas enregistré auprès de ce salon."
        es "No está registrado en esta sala.";
    REMOVAL_ALONE =>
        en "A wish to be forgotten stands alone."
        de "Der Wunsch, vergessen zu werden, steht allein."
        fr "La demande d’être oublié doit être seule."
        es "El deseo de ser olvidado va solo.";
    REGISTER_NICK_NEEDED =>
        en "A nickname is needed."
        de "Ein Spitzname ist nötig."
        fr "Il faut un pseudo."
        es "Se necesita un apodo.";
    DATA_MOST(most) =>
        en "All fields together may have {most} bytes at most."
        de "Alle Felder zusammen dürfen höchstens {most} Bytes haben."
        fr "Tous les champs ensemble peuvent avoir {most} octets au plus."
        es "Todos los campos juntos pueden tener {most} bytes como máximo.";
    REGISTER_ACCOUNTS =>
        en "Only accounts register: an address with a name before the @ is needed."
        de "Nur Konten können sich registrieren: Nötig ist eine Adresse mit einem Namen vor dem @."
        fr "Seuls des comptes s’enregistrent : il faut une adresse avec un nom devant le @."
        es "Solo se registran cuentas: se necesita una dirección con un nombre antes de la @.";
    REQUEST_SHOWS_ADDRESS =>
        en "The request shows an address that this room hides."
        de "Die Anfrage zeigt eine Adresse, die dieser Raum verbirgt."
        fr "La demande montre une adresse que ce salon cache."
        es "La petición muestra una dirección que esta sala oculta.";
    ANSWER_SHOWS_ADDRESS =>
        en "The answer shows an address that this room hides."
        de "Die Antwort zeigt eine Adresse, die dieser Raum verbirgt."
        fr "La réponse montre une adresse que ce salon cache."
        es "La respuesta muestra una dirección que esta sala oculta.";
    REQUESTS_WAIT =>
        en "Too many requests wait for an answer. Please try again later."
        de "Zu viele Anfragen warten auf eine Antwort. Bitte versuchen Sie es später wieder."
        fr "Trop de demandes attendent une réponse. Veuillez réessayer plus tard."
        es "Demasiadas peticiones esperan respuesta. Inténtelo más tarde.";
    NO_ANSWER =>
        en "There was no answer."
        de "Es kam keine Antwort."
        fr "Il n’y a pas eu de réponse."
        es "No hubo respuesta.";
    ONLY_OWNERS_SET_PICTURE =>
        en "Only owners set the picture and the vCard of a room."
        de "Nur Besitzer ändern das Bild und die vCard eines Raums."
        fr "Seuls les propriétaires changent l’image et la vCard d’un salon."
        es "Solo los propietarios cambian la imagen y la vCard de una sala.";
    VCARD_MOST(most) =>
        en "The picture and what else is in the vCard may have {most} bytes at most."
        de "Das Bild und die übrige vCard dürfen höchstens {most} Bytes haben."
        fr "L’image et le reste de la vCard peuvent avoir {most} octets au plus."
        es "La imagen y el resto de la vCard pueden tener {most} bytes como máximo.";
    VCARD_NEEDED =>
        en "This is no vCard."
        de "Das ist keine vCard."
        fr "Ce n’est pas une vCard."
        es "Esto no es una vCard.";
    PICTURE_UNREADABLE =>
        en "The picture is not in base64."
        de "Das Bild ist nicht in Base64 kodiert."
        fr "L’image n’est pas en base64."
        es "La imagen no está en base64.";
    EVERY_EXTENSION_PASSES =>
        en "Every extension passes."
        de "Jede Erweiterung wird durchgelassen."
        fr "Toutes les extensions passent."
        es "Pasan todas las extensiones.";
    NO_SUCH_NODE =>
        en "There is no such node."
        de "Diesen Knoten gibt es nicht."
        fr "Ce nœud n’existe pas."
        es "Ese nodo no existe.";
    ID_MOST(most) =>
        en "An id may have {most} bytes at most."
        de "Eine ID darf höchstens {most} Bytes lang sein."
        fr "Un identifiant peut avoir {most} octets au plus."
        es "Un identificador puede tener {most} bytes como máximo.";
    NO_SUCH_PRESENCE =>
        en "There is no presence of this type."
        de "Eine Anwesenheitsmeldung dieses Typs gibt es nicht."
        fr "Il n’y a pas de présence de ce type."
        es "No hay presencia de ese tipo.";
    PAYLOAD_NEEDED =>
        en "The request is empty."
        de "Die Anfrage ist leer."
        fr "La demande est vide."
        es "La petición está vacía.";
    ROOM_UNKNOWN_REQUEST =>
        en "The room does not know this request."
        de "Der Raum kennt diese Anfrage nicht."
        fr "Le salon ne connaît pas cette demande."
        es "La sala no conoce esta petición.";
    SERVICE_UNKNOWN_REQUEST =>
        en "The service does not know this request."
        de "Der Dienst kennt diese Anfrage nicht."
        fr "Le service ne connaît pas cette demande."
        es "El servicio no conoce esta petición.";
    SERVICE_READS_NOTHING =>
        en "Messages to the service are not read. Please write to a room."
        de "Nachrichten an den Dienst werden nicht gelesen. Bitte schreiben Sie an einen Raum."
        fr "Les messages au service ne sont pas lus. Veuillez écrire à un salon."
        es "Los mensajes al servicio no se leen. Escriba a una sala.";
    IQ_TYPE_AND_ID =>
        en "A request needs a type and an id."
        de "Eine Anfrage braucht einen Typ und eine ID."
        fr "Une demande a besoin d’un type et d’un identifiant."
        es "Una petición necesita un tipo y un identificador.";
    NO_SUCH_ADDRESS =>
        en "This is no address."
        de "Das ist keine Adresse."
        fr "Ce n’est pas une adresse."
        es "Esto no es una dirección.";
    ADDRESS_EMPTY =>
        en "A part of the address is empty."
        de "Ein Teil der Adresse ist leer."
        fr "Une partie de l’adresse est vide."
        es "Una parte de la dirección está vacía.";
    ADDRESS_LONG =>
        en "A part of the address is longer than 1023 bytes."
        de "Ein Teil der Adresse ist länger als 1023 Bytes."
        fr "Une partie de l’adresse dépasse 1023 octets."
        es "Una parte de la dirección supera los 1023 bytes.";
    ADDRESS_CHARACTER =>
        en "The address holds a character that is not allowed there."
        de "Die Adresse enthält ein Zeichen, das dort nicht erlaubt ist."
        fr "L’adresse contient un caractère qui n’y est pas permis."
        es "La dirección contiene un carácter que no se permite ahí.";
    ADDRESS_RESOURCE =>
        en "An address without a resource is needed."
        de "Nötig ist eine Adresse ohne Ressource."
        fr "Il faut une adresse sans ressource."
        es "Se necesita una dirección sin recurso.";
    PAGE_BY(name) =>
        en "No page goes by <{name}/>."
        de "Nach <{name}/> gibt es keine Seiten."
        fr "Aucune page ne se demande par <{name}/>."
        es "Ninguna página se pide con <{name}/>.";
    PAGE_NUMBER(name) =>
        en "The <{name}/> of a page must be a number."
        de "Das <{name}/> einer Seite muss eine Zahl sein."
        fr "Le <{name}/> d’une page doit être un nombre."
        es "El <{name}/> de una página debe ser un número.";
    PAGE_INDEX_OR_IDS =>
        en "A page goes by an index or by ids, not by both."
        de "Eine Seite wird nach einem Index oder nach IDs verlangt, nicht nach beidem."
        fr "Une page se demande par un index ou par des identifiants, pas par les deux."
        es "Una página se pide con un índice o con identificadores, no con ambos.";
    NO_SUCH_PLACE =>
        en "There is no such place in this list."
        de "Diese Stelle gibt es in der Liste nicht."
        fr "Cet endroit n’existe pas dans la liste."
        es "Ese lugar no existe en la lista.";
    YOU_SEND_TOO_MUCH =>
        en "You send too much. Please wait a little."
        de "Sie senden zu viel. Bitte warten Sie ein wenig."
        fr "Vous envoyez trop. Veuillez patienter un peu."
        es "Envía demasiado. Espere un poco.";
    SERVER_SENDS_TOO_MUCH =>
        en "Too much comes from your server. Please wait a little."
        de "Von Ihrem Server kommt zu viel. Bitte warten Sie ein wenig."
        fr "Trop de choses arrivent de votre serveur. Veuillez patienter un peu."
        es "Llega demasiado de su servidor. Espere un poco.";
    STANZA_TOO_LARGE =>
        en "This is too large or too deeply nested."
        de "Das ist zu groß oder zu tief verschachtelt."
        fr "C’est trop grand ou trop profondément imbriqué."
        es "Es demasiado grande o está demasiado anidado.";
    TOO_MUCH_WAITS =>
        en "Too much is waiting here. Please try again later."
        de "Hier wartet zu viel. Bitte versuchen Sie es später wieder."
        fr "Trop de choses attendent ici. Veuillez réessayer plus tard."
        es "Aquí espera demasiado. Inténtelo más tarde.";
    ACCOUNT_ROOMS_MOST =>
        en "The account that created this room has as many permanent rooms as an account may have."
        de "Das Konto, das diesen Raum angelegt hat, hat so viele dauerhafte Räume, wie ein Konto haben darf."
        fr "Le compte qui a créé ce salon a autant de salons permanents qu’un compte peut en avoir."
        es "La cuenta que creó esta sala tiene tantas salas permanentes como puede tener una cuenta.";
    DOMAIN_ROOMS_MOST =>
        en "The accounts of the server that this room was created from have as many permanent rooms as they may have."
        de "Die Konten des Servers, von dem aus dieser Raum angelegt wurde, haben so viele dauerhafte Räume, wie sie haben dürfen."
        fr "Les comptes du serveur depuis lequel ce salon a été créé ont autant de salons permanents qu’ils peuvent en avoir."
        es "Las cuentas del servidor desde el que se creó esta sala tienen tantas salas permanentes como pueden tener.";
    ROOMS_WAIT =>
        en "Too many rooms wait for their first occupant. Please try again later."
        de "Zu viele Räume warten auf die erste Person. Bitte versuchen Sie es später wieder."
        fr "Trop de salons attendent leur premier occupant. Veuillez réessayer plus tard."
        es "Demasiadas salas esperan a su primer ocupante. Inténtelo más tarde.";
    ROOMS_TAKE_TOO_MUCH =>
        en "The rooms of the account that created this one take as much memory as they may. Please try again later."
        de "Die Räume des Kontos, das diesen angelegt hat, belegen so viel Speicher, wie sie dürfen. Bitte versuchen Sie es später wieder."
        fr "Les salons du compte qui a créé celui-ci occupent autant de mémoire qu’ils peuvent. Veuillez réessayer plus tard."
        es "Las salas de la cuenta que creó esta ocupan tanta memoria como pueden. Inténtelo más tarde.";
    NOT_STORED =>
        en "The change could not be stored. Please try again later."
        de "Die Änderung konnte nicht gespeichert werden. Bitte versuchen Sie es später wieder."
        fr "La modification n’a pas pu être enregistrée. Veuillez réessayer plus tard."
        es "No se ha podido guardar el cambio. Inténtelo más tarde.";
    STOPPING =>
        en "The service is stopping. Please try again later."
        de "Der Dienst wird gerade beendet. Bitte versuchen Sie es später wieder."
        fr "Le service est en train de s’arrêter. Veuillez réessayer plus tard."
        es "El servicio se está deteniendo. Inténtelo más tarde.";
    NOT_HANDLED =>
        en "The request could not be handled. Please try again later."
        de "Die Anfrage konnte nicht bearbeitet werden. Bitte versuchen Sie es später wieder."
        fr "La demande n’a pas pu être traitée. Veuillez réessayer plus tard."
        es "No se ha podido atender la petición. Inténtelo más tarde.";
    ROOM_UNREADABLE =>
        en "The room cannot be read now. Please try again later."
        de "Der Raum ist gerade nicht lesbar. Bitte versuchen Sie es später wieder."
        fr "Le salon est illisible pour le moment. Veuillez réessayer plus tard."
        es "La sala no se puede leer ahora. Inténtelo más tarde.";
}
