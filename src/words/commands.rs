//! Commands (XEP-0050) of rooms: their names, their forms, what they answer.

use super::text::texts;

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
    THESE_ARE_OF(shown, all) =>
        en "These are {shown} of {all}."
        de "Das sind {shown} von {all}."
        fr "En voici {shown} sur {all}."
        es "Estos son {shown} de {all}.";
    BANS =>
        en "Bans"
        de "Verbannungen"
        fr "Bannissements"
        es "Vetos";
    REASON_FOR_ALL =>
        en "Reason, shown to all"
        de "Grund, für alle sichtbar"
        fr "Raison, visible par tous"
        es "Motivo, visible para todos";
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
    HAT =>
        en "Hat"
        de "Abzeichen"
        fr "Badge"
        es "Insignia";
    URI =>
        en "URI"
        de "URI"
        fr "URI"
        es "URI";
    HATS =>
        en "Hats of this room"
        de "Abzeichen dieses Raums"
        fr "Badges de ce salon"
        es "Insignias de esta sala";
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
    AFFILIATION =>
        en "Affiliation"
        de "Zugehörigkeit"
        fr "Affiliation"
        es "Afiliación";
    WHOM =>
        en "Who: a nickname, an address, or a whole domain"
        de "Wer: ein Spitzname, eine Adresse oder eine ganze Domain"
        fr "Qui : un pseudo, une adresse, ou un domaine entier"
        es "Quién: un apodo, una dirección o un dominio entero";
    WHOM_IS =>
        en "What this is"
        de "Was das ist"
        fr "De quoi il s’agit"
        es "Qué es esto";
    WHOM_HINT =>
        en "A nickname may look like an address or a domain. What you choose here is what is looked for."
        de "Ein Spitzname kann wie eine Adresse oder eine Domain aussehen. Gesucht wird nach dem, was Sie hier wählen."
        fr "Un pseudo peut ressembler à une adresse ou à un domaine. La recherche suit ce que vous choisissez ici."
        es "Un apodo puede parecer una dirección o un dominio. Se busca según lo que elija aquí.";
    ADDRESS_OR_DOMAIN =>
        en "Address, or a whole domain"
        de "Adresse, oder eine ganze Domain"
        fr "Adresse, ou un domaine entier"
        es "Dirección, o un dominio entero";
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
    NO_SUCH_NICK_HERE =>
        en "No one with that nickname is here, left lately or spoke lately. If it is an address or a domain, choose that."
        de "Niemand mit diesem Spitznamen ist hier, ist vor Kurzem gegangen oder hat zuletzt gesprochen. Wenn es eine Adresse oder eine Domain ist, wählen Sie das."
        fr "Personne avec ce pseudo n’est ici, n’est parti récemment ni n’a parlé récemment. S’il s’agit d’une adresse ou d’un domaine, choisissez-le."
        es "Nadie con ese apodo está aquí, se ha ido hace poco ni ha hablado últimamente. Si es una dirección o un dominio, elíjalo.";
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
