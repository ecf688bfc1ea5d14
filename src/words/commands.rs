//! Commands (XEP-0050) of rooms: their names, their forms, what they answer.

use super::text::{Entry, Text, texts};

texts! {
    COMMANDS =>
        en "Commands"
        de "Befehle"
        fr "Commandes"
        es "Órdenes";
    NO_SUCH_COMMAND =>
        en "There is no such command."
        de "Diesen Befehl gibt es nicht."
        fr "Cette commande n’existe pas."
        es "Esa orden no existe.";
    MAY_NOT_RUN =>
        en "You may not run this command."
        de "Sie dürfen diesen Befehl nicht ausführen."
        fr "Vous ne pouvez pas exécuter cette commande."
        es "No se le permite ejecutar esta orden.";
    ONLY_SERVICE_ADMINS_RUN =>
        en "Only admins of the service may run this command."
        de "Nur Admins des Dienstes dürfen diesen Befehl ausführen."
        fr "Seuls les administrateurs du service peuvent exécuter cette commande."
        es "Solo los administradores del servicio pueden ejecutar esta orden.";
    NO_OTHER_STAGE =>
        en "There is one form, and no other step."
        de "Es gibt ein Formular und keinen weiteren Schritt."
        fr "Il y a un formulaire, et pas d’autre étape."
        es "Hay un formulario y ningún otro paso.";
    NO_SUCH_ACTION =>
        en "There is no such action."
        de "Diese Aktion gibt es nicht."
        fr "Cette action n’existe pas."
        es "Esa acción no existe.";
    NO_WAY_BACK =>
        en "There is no way back."
        de "Es gibt kein Zurück."
        fr "Il n’y a pas de retour."
        es "No hay vuelta atrás.";
    NO_SESSION =>
        en "Nothing was begun that could go on or end."
        de "Es wurde nichts begonnen, das weitergehen oder enden könnte."
        fr "Rien n’a été commencé qui puisse continuer ou finir."
        es "No se ha empezado nada que pueda seguir o terminar.";
    NO_SUCH_SESSION =>
        en "This was not begun, or not by you. Please begin anew."
        de "Das wurde nicht begonnen, oder nicht von Ihnen. Bitte beginnen Sie neu."
        fr "Ceci n’a pas été commencé, ou pas par vous. Veuillez recommencer."
        es "Esto no se ha empezado, o no lo empezó usted. Empiece de nuevo.";
    SESSION_EXPIRED =>
        en "This was begun too long ago. Please begin anew."
        de "Das wurde vor zu langer Zeit begonnen. Bitte beginnen Sie neu."
        fr "Ceci a été commencé il y a trop longtemps. Veuillez recommencer."
        es "Esto se empezó hace demasiado tiempo. Empiece de nuevo.";
    FORM_MISSING =>
        en "The form is missing."
        de "Das Formular fehlt."
        fr "Le formulaire manque."
        es "Falta el formulario.";
    MORE_AFTER(last) =>
        en "There are more after {last}."
        de "Nach {last} gibt es noch mehr."
        fr "Il y en a d’autres après {last}."
        es "Hay más después de {last}.";
    MORE_BEFORE(first) =>
        en "There may be more before {first}."
        de "Vor {first} kann es noch mehr geben."
        fr "Il peut y en avoir d’autres avant {first}."
        es "Puede haber más antes de {first}.";
    THESE_ARE_OF(shown, all) =>
        en "These are {shown} of {all}."
        de "Das sind {shown} von {all}."
        fr "En voici {shown} sur {all}."
        es "Estos son {shown} de {all}.";
    BAN_COMMAND =>
        en "Ban an account or a domain"
        de "Konto oder Domain verbannen"
        fr "Bannir un compte ou un domaine"
        es "Vetar una cuenta o un dominio";
    BANS_COMMAND =>
        en "List bans"
        de "Verbannungen auflisten"
        fr "Lister les bannissements"
        es "Listar los vetos";
    BANS =>
        en "Bans"
        de "Verbannungen"
        fr "Bannissements"
        es "Vetos";
    RETRACT_WITH =>
        en "Retract what they said"
        de "Zurückziehen, was von dort kam"
        fr "Retirer ce qui a été dit"
        es "Retirar lo que dijo";
    NOTHING =>
        en "Nothing"
        de "Nichts"
        fr "Rien"
        es "Nada";
    LAST_HOUR =>
        en "The last hour"
        de "Die letzte Stunde"
        fr "La dernière heure"
        es "La última hora";
    LAST_DAY =>
        en "The last day"
        de "Den letzten Tag"
        fr "Le dernier jour"
        es "El último día";
    LAST_WEEK =>
        en "The last week"
        de "Die letzte Woche"
        fr "La dernière semaine"
        es "La última semana";
    LAST_MESSAGES =>
        en "The last 200 messages"
        de "Die letzten 200 Nachrichten"
        fr "Les 200 derniers messages"
        es "Los últimos 200 mensajes";
    REASON_FOR_ALL =>
        en "Reason, shown to all"
        de "Grund, für alle sichtbar"
        fr "Raison, visible par tous"
        es "Motivo, visible para todos";
    NOTE_FOR_ADMINS =>
        en "Note, for admins only"
        de "Notiz, nur für Admins"
        fr "Note, pour les administrateurs seulement"
        es "Nota, solo para administradores";
    FOR_HOW_LONG =>
        en "For how long, such as 30m, 12h or 7d; for good, if empty"
        de "Wie lange, etwa 30m, 12h oder 7d; für immer, wenn leer"
        fr "Pour combien de temps, comme 30m, 12h ou 7d ; pour toujours si vide"
        es "Por cuánto tiempo, como 30m, 12h o 7d; para siempre si está vacío";
    DURATION_TOO_LONG =>
        en "This time is too long."
        de "Diese Dauer ist zu lang."
        fr "Cette durée est trop longue."
        es "Esa duración es demasiado larga.";
    IS_BANNED(who) =>
        en "{who} is banned for good."
        de "{who} ist für immer verbannt."
        fr "{who} est banni pour toujours."
        es "{who} queda vetado para siempre.";
    IS_BANNED_UNTIL(who, time) =>
        en "{who} is banned until {time}."
        de "{who} ist bis {time} verbannt."
        fr "{who} est banni jusqu’au {time}."
        es "{who} queda vetado hasta {time}.";
    EXEMPT_STAY(count) =>
        en "Accounts of it that stay, because admins have put them on a list themselves: {count}."
        de "Konten daraus, die bleiben, weil Admins sie selbst auf eine Liste gesetzt haben: {count}."
        fr "Comptes de ce domaine qui restent, car des administrateurs les ont inscrits eux-mêmes sur une liste : {count}."
        es "Cuentas suyas que se quedan, porque los administradores las pusieron ellos mismos en una lista: {count}.";
    ADDRESS =>
        en "Address"
        de "Adresse"
        fr "Adresse"
        es "Dirección";
    REASON_COLUMN =>
        en "Reason"
        de "Grund"
        fr "Raison"
        es "Motivo";
    NOTE_COLUMN =>
        en "Note"
        de "Notiz"
        fr "Note"
        es "Nota";
    SET_BY =>
        en "Set by"
        de "Gesetzt von"
        fr "Par"
        es "Puesto por";
    SET_AT =>
        en "Set at"
        de "Gesetzt am"
        fr "Le"
        es "Puesto el";
    ENDS_AT =>
        en "Ends at"
        de "Endet am"
        fr "Se termine le"
        es "Termina el";
    HATS_COMMAND =>
        en "List the hats of this room"
        de "Abzeichen dieses Raums auflisten"
        fr "Lister les badges de ce salon"
        es "Listar las insignias de esta sala";
    MAKE_HAT_COMMAND =>
        en "Make a hat, or change one"
        de "Abzeichen anlegen oder ändern"
        fr "Créer ou modifier un badge"
        es "Crear o cambiar una insignia";
    DROP_HAT_COMMAND =>
        en "Remove a hat"
        de "Abzeichen abschaffen"
        fr "Supprimer un badge"
        es "Eliminar una insignia";
    GIVE_HAT_COMMAND =>
        en "Give a hat to an account"
        de "Einem Konto ein Abzeichen geben"
        fr "Donner un badge à un compte"
        es "Dar una insignia a una cuenta";
    TAKE_HAT_COMMAND =>
        en "Take a hat from an account"
        de "Einem Konto ein Abzeichen nehmen"
        fr "Retirer un badge à un compte"
        es "Quitar una insignia a una cuenta";
    WORN_HATS_COMMAND =>
        en "List who wears which hat"
        de "Auflisten, wer welches Abzeichen trägt"
        fr "Lister qui porte quel badge"
        es "Listar quién lleva qué insignia";
    MAKING_HAT =>
        en "Making a hat"
        de "Abzeichen anlegen"
        fr "Créer un badge"
        es "Crear una insignia";
    DROPPING_HAT =>
        en "Removing a hat"
        de "Abzeichen abschaffen"
        fr "Supprimer un badge"
        es "Eliminar una insignia";
    GIVING_HAT =>
        en "Giving a hat"
        de "Abzeichen geben"
        fr "Donner un badge"
        es "Dar una insignia";
    TAKING_HAT =>
        en "Taking a hat"
        de "Abzeichen nehmen"
        fr "Retirer un badge"
        es "Quitar una insignia";
    HAT =>
        en "Hat"
        de "Abzeichen"
        fr "Badge"
        es "Insignia";
    HAT_TITLE =>
        en "Title"
        de "Titel"
        fr "Titre"
        es "Título";
    HAT_URI =>
        en "URI, which tells this hat from others; one is made, if empty"
        de "URI, die dieses Abzeichen von anderen unterscheidet; es wird eine gemacht, wenn leer"
        fr "URI, qui distingue ce badge des autres ; une est créée si vide"
        es "URI, que distingue esta insignia de otras; se crea una si está vacío";
    URI =>
        en "URI"
        de "URI"
        fr "URI"
        es "URI";
    HAT_HUE =>
        en "Colour, as an angle from 0 to 360"
        de "Farbe, als Winkel von 0 bis 360"
        fr "Couleur, comme angle de 0 à 360"
        es "Color, como ángulo de 0 a 360";
    COLOUR =>
        en "Colour"
        de "Farbe"
        fr "Couleur"
        es "Color";
    HAT_WEARER =>
        en "Address of the person"
        de "Adresse der Person"
        fr "Adresse de la personne"
        es "Dirección de la persona";
    HAT_URI_NEEDED(most) =>
        en "A URI of {most} bytes at most is needed."
        de "Nötig ist eine URI von höchstens {most} Bytes."
        fr "Il faut un URI de {most} octets au plus."
        es "Se necesita un URI de {most} bytes como máximo.";
    HAT_TITLE_NEEDED(most) =>
        en "A title of {most} bytes at most is needed."
        de "Nötig ist ein Titel von höchstens {most} Bytes."
        fr "Il faut un titre de {most} octets au plus."
        es "Se necesita un título de {most} bytes como máximo.";
    HAT_HUE_WRONG =>
        en "The colour must be a number from 0 to 360."
        de "Die Farbe muss eine Zahl von 0 bis 360 sein."
        fr "La couleur doit être un nombre de 0 à 360."
        es "El color debe ser un número de 0 a 360.";
    PERSON_NEEDED =>
        en "The address of a person is needed."
        de "Nötig ist die Adresse einer Person."
        fr "Il faut l’adresse d’une personne."
        es "Se necesita la dirección de una persona.";
    NO_SUCH_HAT =>
        en "There is no such hat."
        de "Dieses Abzeichen gibt es nicht."
        fr "Ce badge n’existe pas."
        es "Esa insignia no existe.";
    HAT_IS_THERE =>
        en "There is this hat already."
        de "Dieses Abzeichen gibt es bereits."
        fr "Ce badge existe déjà."
        es "Esa insignia ya existe.";
    HATS_MOST =>
        en "The room has too many hats."
        de "Der Raum hat zu viele Abzeichen."
        fr "Le salon a trop de badges."
        es "La sala tiene demasiadas insignias.";
    HAT_IS_WORN =>
        en "This person has the hat already."
        de "Diese Person hat das Abzeichen bereits."
        fr "Cette personne a déjà ce badge."
        es "Esta persona ya tiene la insignia.";
    HATS_WORN_MOST =>
        en "Too many hats are given away."
        de "Es sind zu viele Abzeichen vergeben."
        fr "Trop de badges sont attribués."
        es "Hay demasiadas insignias repartidas.";
    HAT_NOT_WORN =>
        en "This person does not have the hat."
        de "Diese Person hat das Abzeichen nicht."
        fr "Cette personne n’a pas ce badge."
        es "Esta persona no tiene la insignia.";
    HATS =>
        en "Hats of this room"
        de "Abzeichen dieses Raums"
        fr "Badges de ce salon"
        es "Insignias de esta sala";
    WORN_HATS =>
        en "Who wears which hat"
        de "Wer welches Abzeichen trägt"
        fr "Qui porte quel badge"
        es "Quién lleva qué insignia";
    LEAVERS_COMMAND =>
        en "Show who has left lately"
        de "Zeigen, wer zuletzt gegangen ist"
        fr "Montrer qui est parti récemment"
        es "Mostrar quién ha salido últimamente";
    LEAVERS =>
        en "Who has left lately"
        de "Wer zuletzt gegangen ist"
        fr "Qui est parti récemment"
        es "Quién ha salido últimamente";
    ACCOUNT =>
        en "Account"
        de "Konto"
        fr "Compte"
        es "Cuenta";
    OCCUPANT_ID =>
        en "Occupant id"
        de "Occupant-ID"
        fr "Identifiant d’occupant"
        es "Identificador de ocupante";
    LEFT_AT =>
        en "Left at"
        de "Gegangen am"
        fr "Parti le"
        es "Salió el";
    SESSIONS_COMMAND =>
        en "Show the clients of occupants"
        de "Programme der Anwesenden zeigen"
        fr "Montrer les clients des occupants"
        es "Mostrar los clientes de los ocupantes";
    SESSIONS =>
        en "Clients of occupants"
        de "Programme der Anwesenden"
        fr "Clients des occupants"
        es "Clientes de los ocupantes";
    ROLE =>
        en "Role"
        de "Rolle"
        fr "Rôle"
        es "Rol";
    AFFILIATION =>
        en "Affiliation"
        de "Zugehörigkeit"
        fr "Affiliation"
        es "Afiliación";
    REGISTERED_COMMAND =>
        en "List who is registered, with what they say of themselves"
        de "Auflisten, wer registriert ist, mit dem, was sie über sich sagen"
        fr "Lister qui est enregistré, avec ce qu’ils disent d’eux-mêmes"
        es "Listar quién está registrado, con lo que dicen de sí";
    REGISTERED =>
        en "Who is registered"
        de "Wer registriert ist"
        fr "Qui est enregistré"
        es "Quién está registrado";
    RETRACT_COMMAND =>
        en "Retract what an account said lately"
        de "Zurückziehen, was ein Konto zuletzt gesagt hat"
        fr "Retirer ce qu’un compte a dit récemment"
        es "Retirar lo que una cuenta dijo últimamente";
    HOW_FAR_BACK =>
        en "How far back, such as 30m, 12h or 7d; the last 200 messages, if empty"
        de "Wie weit zurück, etwa 30m, 12h oder 7d; die letzten 200 Nachrichten, wenn leer"
        fr "Jusqu’où remonter, comme 30m, 12h ou 7d ; les 200 derniers messages si vide"
        es "Hasta dónde atrás, como 30m, 12h o 7d; los últimos 200 mensajes si está vacío";
    SINCE_TOO_EARLY =>
        en "That is too far back."
        de "Das liegt zu weit zurück."
        fr "C’est trop loin dans le passé."
        es "Eso queda demasiado atrás.";
    NOT_MESSAGE_COUNT =>
        en "That is no number of messages."
        de "Das ist keine Anzahl von Nachrichten."
        fr "Ce n’est pas un nombre de messages."
        es "No es un número de mensajes.";
    RETRACTED_COUNT(count) =>
        en "Messages retracted: {count}."
        de "Zurückgezogene Nachrichten: {count}."
        fr "Messages retirés : {count}."
        es "Mensajes retirados: {count}.";
    OLDER_LEFT(count) =>
        en "Older ones that were left: {count}."
        de "Ältere, die geblieben sind: {count}."
        fr "Plus anciens, laissés en place : {count}."
        es "Más antiguos, sin retirar: {count}.";
    OLDER_NOT_LOOKED_AT =>
        en "Older messages were not looked at."
        de "Ältere Nachrichten wurden nicht angesehen."
        fr "Les messages plus anciens n’ont pas été examinés."
        es "Los mensajes más antiguos no se han examinado.";
    HIGHER_STAY(count) =>
        en "Those of a higher affiliation, which stay: {count}."
        de "Von Konten mit höherer Zugehörigkeit, die bleiben: {count}."
        fr "D’affiliation supérieure, qui restent : {count}."
        es "De afiliación superior, que se quedan: {count}.";
    RETRACTED_COMMAND =>
        en "Show what was retracted"
        de "Zeigen, was zurückgezogen wurde"
        fr "Montrer ce qui a été retiré"
        es "Mostrar lo que se ha retirado";
    RETRACTED =>
        en "What was retracted"
        de "Was zurückgezogen wurde"
        fr "Ce qui a été retiré"
        es "Lo que se ha retirado";
    NOTHING_KEPT =>
        en "Nothing is kept of what is retracted here."
        de "Was hier zurückgezogen wird, wird nicht aufbewahrt."
        fr "Rien n’est gardé de ce qui est retiré ici."
        es "No se conserva nada de lo que se retira aquí.";
    MESSAGE_ID =>
        en "Message"
        de "Nachricht"
        fr "Message"
        es "Mensaje";
    SAID_AT =>
        en "Said"
        de "Gesagt"
        fr "Dit"
        es "Dicho";
    MESSAGE_TEXT =>
        en "Text"
        de "Text"
        fr "Texte"
        es "Texto";
    RETRACTED_BY =>
        en "Retracted by"
        de "Zurückgezogen von"
        fr "Retiré par"
        es "Retirado por";
    WHOM =>
        en "Who: a nickname, an address, or a whole domain"
        de "Wer: ein Spitzname, eine Adresse oder eine ganze Domain"
        fr "Qui : un pseudo, une adresse, ou un domaine entier"
        es "Quién: un apodo, una dirección o un dominio entero";
    WHOM_HINT =>
        en "The occupant id will do as well. Write xmpp: before an address that is also the nickname of an occupant."
        de "Auch die Occupant-ID geht. Schreiben Sie xmpp: vor eine Adresse, die auch der Spitzname einer anwesenden Person ist."
        fr "L’identifiant d’occupant convient aussi. Écrivez xmpp: devant une adresse qui est aussi le pseudo d’un occupant."
        es "También vale el identificador de ocupante. Escriba xmpp: antes de una dirección que también es el apodo de un ocupante.";
    WHOM_UNCLEAR(who) =>
        en "{who} is the nickname of an occupant, and may be an address. Write xmpp:{who} for the address, or the occupant id."
        de "{who} ist der Spitzname einer anwesenden Person und kann eine Adresse sein. Schreiben Sie xmpp:{who} für die Adresse, oder die Occupant-ID."
        fr "{who} est le pseudo d’un occupant, et peut être une adresse. Écrivez xmpp:{who} pour l’adresse, ou l’identifiant d’occupant."
        es "{who} es el apodo de un ocupante, y puede ser una dirección. Escriba xmpp:{who} para la dirección, o el identificador de ocupante.";
    ONE_OF_WHOM =>
        en "Fill in a nickname, an occupant id or an address, and only one of them."
        de "Füllen Sie einen Spitznamen, eine Occupant-ID oder eine Adresse aus, und nur eines davon."
        fr "Indiquez un pseudo, un identifiant d’occupant ou une adresse, et un seul d’entre eux."
        es "Rellene un apodo, un identificador de ocupante o una dirección, y solo uno de ellos.";
    NOT_FOUND_HERE =>
        en "No one like that is here or spoke lately."
        de "So jemand ist nicht hier und hat zuletzt nicht gesprochen."
        fr "Personne ne correspond, ni ici ni parmi ceux qui ont parlé récemment."
        es "Nadie así está aquí ni ha hablado últimamente.";
    TIME_SPAN =>
        en "A time is written as 30m, 12h, 7d or 2w."
        de "Eine Dauer wird als 30m, 12h, 7d oder 2w geschrieben."
        fr "Une durée s’écrit 30m, 12h, 7d ou 2w."
        es "Una duración se escribe 30m, 12h, 7d o 2w.";
    TOO_LONG =>
        en "That is too long."
        de "Das ist zu lang."
        fr "C’est trop long."
        es "Es demasiado largo.";
}
