//! What is refused to people who enter, speak, invite and set up a room; what the room says by itself.

use super::text::texts;

texts! {
    NOT_INSIDE =>
        en "You are not in this room. Please enter it first."
        de "Sie sind nicht in diesem Raum. Bitte betreten Sie ihn zuerst."
        fr "Vous n’êtes pas dans ce salon. Veuillez d’abord y entrer."
        es "No está en esta sala. Entre primero en ella.";
    NO_SUCH_NICK =>
        en "There is no occupant with this nickname in the room."
        de "Im Raum ist niemand mit diesem Spitznamen."
        fr "Personne dans le salon ne porte ce pseudo."
        es "No hay nadie en la sala con ese apodo.";
    HAS_LEFT =>
        en "This person has left the room."
        de "Diese Person hat den Raum verlassen."
        fr "Cette personne a quitté le salon."
        es "Esta persona ha salido de la sala.";
    BANNED =>
        en "You are banned from this room."
        de "Sie sind aus diesem Raum verbannt."
        fr "Vous êtes banni de ce salon."
        es "Se le ha vetado en esta sala.";
    BANNED_UNTIL(time) =>
        en "You are banned from this room until {time}."
        de "Sie sind bis {time} aus diesem Raum verbannt."
        fr "Vous êtes banni de ce salon jusqu’au {time}."
        es "Se le ha vetado en esta sala hasta {time}.";
    DOMAIN_BANNED(domain) =>
        en "All accounts of {domain} are banned from this room."
        de "Alle Konten von {domain} sind aus diesem Raum verbannt."
        fr "Tous les comptes de {domain} sont bannis de ce salon."
        es "Todas las cuentas de {domain} están vetadas en esta sala.";
    DOMAIN_BANNED_UNTIL(domain, time) =>
        en "All accounts of {domain} are banned from this room until {time}."
        de "Alle Konten von {domain} sind bis {time} aus diesem Raum verbannt."
        fr "Tous les comptes de {domain} sont bannis de ce salon jusqu’au {time}."
        es "Todas las cuentas de {domain} están vetadas en esta sala hasta {time}.";
    REASON(reason) =>
        en "Reason: “{reason}”."
        de "Grund: „{reason}“."
        fr "Raison : « {reason} »."
        es "Motivo: «{reason}».";
    ASK_FOR_EXCEPTION =>
        en "An admin of the room can admit your account by its own address."
        de "Ein Admin des Raums kann Ihr Konto unter seiner eigenen Adresse zulassen."
        fr "Un administrateur du salon peut admettre votre compte par son adresse propre."
        es "Un administrador de la sala puede admitir su cuenta por su propia dirección.";
    WRITE_TO(address) =>
        en "You can write to {address} about it."
        de "Sie können deswegen an {address} schreiben."
        fr "Vous pouvez écrire à {address} à ce sujet."
        es "Puede escribir a {address} al respecto.";
    MEMBERS_ONLY =>
        en "Only members may enter this room. Ask a member to invite you, or an admin to make you a member."
        de "Nur Mitglieder dürfen diesen Raum betreten. Lassen Sie sich von einem Mitglied einladen oder von einem Admin zum Mitglied machen."
        fr "Seuls les membres peuvent entrer dans ce salon. Faites-vous inviter par un membre, ou demandez à un administrateur de vous ajouter aux membres."
        es "Solo los miembros pueden entrar en esta sala. Pida a un miembro que le invite, o a un administrador que le añada a los miembros.";
    PASSWORD_NEEDED =>
        en "This room needs a password."
        de "Für diesen Raum ist ein Passwort nötig."
        fr "Ce salon demande un mot de passe."
        es "Esta sala requiere una contraseña.";
    PASSWORD_WRONG =>
        en "The password is wrong. Please try again."
        de "Das Passwort ist falsch. Bitte versuchen Sie es noch einmal."
        fr "Le mot de passe est incorrect. Veuillez réessayer."
        es "La contraseña no es correcta. Inténtelo de nuevo.";
    ROOM_FULL =>
        en "The room is full. Please try again when an occupant has left."
        de "Der Raum ist voll. Bitte versuchen Sie es wieder, wenn jemand gegangen ist."
        fr "Le salon est plein. Veuillez réessayer quand quelqu’un sera parti."
        es "La sala está llena. Inténtelo de nuevo cuando alguien haya salido.";
    ROOM_LOCKED =>
        en "This room is still being set up by its owner. Please try again in a few minutes."
        de "Dieser Raum wird von seinem Besitzer noch eingerichtet. Bitte versuchen Sie es in einigen Minuten wieder."
        fr "Le propriétaire de ce salon est encore en train de le configurer. Veuillez réessayer dans quelques minutes."
        es "El propietario de esta sala todavía la está configurando. Inténtelo de nuevo en unos minutos.";
    NO_SUCH_ROOM =>
        en "There is no such room."
        de "Es gibt keinen solchen Raum."
        fr "Ce salon n’existe pas."
        es "Esa sala no existe.";
    ROOM_EXISTS =>
        en "There is a room with this address already."
        de "Es gibt bereits einen Raum mit dieser Adresse."
        fr "Il existe déjà un salon à cette adresse."
        es "Ya existe una sala con esa dirección.";
    TOO_MANY_SESSIONS =>
        en "Your account is in this room with too many clients. Leave it with one of them first."
        de "Ihr Konto ist mit zu vielen Programmen in diesem Raum. Verlassen Sie ihn zuerst mit einem davon."
        fr "Votre compte est dans ce salon avec trop de clients. Quittez-le d’abord avec l’un d’eux."
        es "Su cuenta está en esta sala con demasiados clientes. Salga primero con uno de ellos.";
    CREATORS_ARE_ACCOUNTS =>
        en "Only accounts create rooms: an address with a name before the @ is needed."
        de "Nur Konten legen Räume an: Nötig ist eine Adresse mit einem Namen vor dem @."
        fr "Seuls des comptes créent des salons : il faut une adresse avec un nom devant le @."
        es "Solo las cuentas crean salas: se necesita una dirección con un nombre antes de la @.";
    MAY_NOT_CREATE =>
        en "There is no such room, and you may not create rooms here."
        de "Es gibt keinen solchen Raum, und Sie dürfen hier keine Räume anlegen."
        fr "Ce salon n’existe pas, et vous ne pouvez pas créer de salons ici."
        es "Esa sala no existe, y no se le permite crear salas aquí.";
    NICK_NEEDED =>
        en "A nickname is needed to enter a room."
        de "Um einen Raum zu betreten, brauchen Sie einen Spitznamen."
        fr "Il faut un pseudo pour entrer dans un salon."
        es "Se necesita un apodo para entrar en una sala.";
    NICK_TAKEN =>
        en "This nickname is taken or reserved, or looks like one that is. Please choose another."
        de "Dieser Spitzname ist vergeben oder reserviert oder sieht einem solchen ähnlich. Bitte wählen Sie einen anderen."
        fr "Ce pseudo est pris ou réservé, ou ressemble à un tel pseudo. Veuillez en choisir un autre."
        es "Este apodo está en uso o reservado, o se parece a uno que lo está. Elija otro.";
    NICK_NOT_CARRIED =>
        en "Other servers cannot carry this nickname. Please choose one without emoji and rare characters."
        de "Andere Server können diesen Spitznamen nicht übertragen. Bitte wählen Sie einen ohne Emoji und seltene Zeichen."
        fr "D’autres serveurs ne peuvent pas transmettre ce pseudo. Veuillez en choisir un sans émoji ni caractères rares."
        es "Otros servidores no pueden transmitir este apodo. Elija uno sin emojis ni caracteres raros.";
    NICK_IS_LOCKED =>
        en "In this room you keep the nickname that you registered."
        de "In diesem Raum behalten Sie den Spitznamen, den Sie registriert haben."
        fr "Dans ce salon, vous gardez le pseudo que vous avez enregistré."
        es "En esta sala se mantiene el apodo que registró.";
    NICK_OTHER_SPELLING =>
        en "Your other client uses this nickname in another spelling."
        de "Ihr anderes Programm benutzt diesen Spitznamen in anderer Schreibweise."
        fr "Votre autre client utilise ce pseudo avec une autre graphie."
        es "Su otro cliente usa este apodo con otra grafía.";
    NICK_OTHER_ROLE =>
        en "Your other client has another role under this nickname."
        de "Ihr anderes Programm hat unter diesem Spitznamen eine andere Rolle."
        fr "Votre autre client a un autre rôle sous ce pseudo."
        es "Su otro cliente tiene otro rol con este apodo.";
    NICK_TOO_LONG(most) =>
        en "A nickname may have {most} bytes at most."
        de "Ein Spitzname darf höchstens {most} Bytes lang sein."
        fr "Un pseudo peut avoir {most} octets au plus."
        es "Un apodo puede tener {most} bytes como máximo.";
    NICK_INVISIBLE =>
        en "A nickname needs at least one visible character."
        de "Ein Spitzname braucht mindestens ein sichtbares Zeichen."
        fr "Un pseudo doit avoir au moins un caractère visible."
        es "Un apodo necesita al menos un carácter visible.";
    NICK_CONTROLS =>
        en "A nickname cannot have control characters."
        de "Ein Spitzname darf keine Steuerzeichen enthalten."
        fr "Un pseudo ne peut pas contenir de caractères de contrôle."
        es "Un apodo no puede tener caracteres de control.";
    NICK_TURNS =>
        en "A nickname cannot have characters that turn text around."
        de "Ein Spitzname darf keine Zeichen enthalten, die die Schreibrichtung umkehren."
        fr "Un pseudo ne peut pas contenir de caractères qui inversent le sens du texte."
        es "Un apodo no puede tener caracteres que inviertan el sentido del texto.";
    TOO_MANY_CONFLICTS =>
        en "You have tried too many nicknames that are taken. Please try again later."
        de "Sie haben zu viele vergebene Spitznamen versucht. Bitte versuchen Sie es später wieder."
        fr "Vous avez essayé trop de pseudos déjà pris. Veuillez réessayer plus tard."
        es "Ha probado demasiados apodos que están en uso. Inténtelo más tarde.";
    TOO_MUCH_HELD =>
        en "The service holds too much for your account or your server already. Leave other rooms, or try again later."
        de "Der Dienst bewahrt schon zu viel für Ihr Konto oder Ihren Server auf. Verlassen Sie andere Räume oder versuchen Sie es später wieder."
        fr "Le service garde déjà trop de données pour votre compte ou votre serveur. Quittez d’autres salons, ou réessayez plus tard."
        es "El servicio ya guarda demasiado para su cuenta o su servidor. Salga de otras salas o inténtelo más tarde.";
    PRESENCE_TOO_LONG(most) =>
        en "A presence may have {most} bytes at most."
        de "Eine Anwesenheitsmeldung darf höchstens {most} Bytes lang sein."
        fr "Une présence peut avoir {most} octets au plus."
        es "Una presencia puede tener {most} bytes como máximo.";
    JOIN_AGAIN =>
        en "You are not in this room. Please enter it again."
        de "Sie sind nicht in diesem Raum. Bitte betreten Sie ihn erneut."
        fr "Vous n’êtes pas dans ce salon. Veuillez y entrer à nouveau."
        es "No está en esta sala. Vuelva a entrar.";
    NICK_NOW_RESERVED =>
        en "This nickname is now reserved for another account."
        de "Dieser Spitzname ist jetzt für ein anderes Konto reserviert."
        fr "Ce pseudo est désormais réservé à un autre compte."
        es "Este apodo está ahora reservado para otra cuenta.";
    SERVER_UNREACHABLE =>
        en "The server of this account cannot be reached."
        de "Der Server dieses Kontos ist nicht erreichbar."
        fr "Le serveur de ce compte est injoignable."
        es "No se puede contactar con el servidor de esta cuenta.";
    SERVER_FAILED =>
        en "The server of this account has failed."
        de "Beim Server dieses Kontos ist ein Fehler aufgetreten."
        fr "Le serveur de ce compte a eu une défaillance."
        es "El servidor de esta cuenta ha fallado.";
    ACCOUNT_GONE =>
        en "There is no such account or client any more."
        de "Dieses Konto oder dieses Programm gibt es nicht mehr."
        fr "Ce compte ou ce client n’existe plus."
        es "Esta cuenta o este cliente ya no existe.";
    CONNECTION_LOST =>
        en "The connection to this client was lost."
        de "Die Verbindung zu diesem Programm ist abgebrochen."
        fr "La connexion avec ce client a été perdue."
        es "Se ha perdido la conexión con este cliente.";
    ONLY_OCCUPANTS_SPEAK =>
        en "Only those who are in the room can speak in it. Please enter it first."
        de "Nur wer im Raum ist, kann dort sprechen. Bitte betreten Sie ihn zuerst."
        fr "Il faut être dans le salon pour y parler. Veuillez d’abord y entrer."
        es "Solo quienes están en la sala pueden hablar en ella. Entre primero.";
    NO_VOICE =>
        en "You may read in this room, but not write. You can ask the moderators for voice."
        de "Sie dürfen in diesem Raum lesen, aber nicht schreiben. Sie können die Moderatoren um das Rederecht bitten."
        fr "Vous pouvez lire dans ce salon, mais pas écrire. Vous pouvez demander la parole aux modérateurs."
        es "En esta sala puede leer, pero no escribir. Puede pedir la palabra a los moderadores.";
    HAS_VOICE =>
        en "You have voice already."
        de "Sie haben das Rederecht bereits."
        fr "Vous avez déjà la parole."
        es "Ya tiene la palabra.";
    VOICE_ASKED_LATELY =>
        en "The moderators have just been asked. Please wait a minute before you ask for voice again."
        de "Die Moderatoren wurden gerade erst gefragt. Bitte warten Sie eine Minute, bevor Sie wieder um das Rederecht bitten."
        fr "Les modérateurs viennent d’être sollicités. Veuillez attendre une minute avant de redemander la parole."
        es "Se acaba de preguntar a los moderadores. Espere un minuto antes de volver a pedir la palabra.";
    ONLY_MODERATORS_GIVE_VOICE =>
        en "Only moderators give voice."
        de "Nur Moderatoren erteilen das Rederecht."
        fr "Seuls les modérateurs donnent la parole."
        es "Solo los moderadores dan la palabra.";
    VERDICT_UNCLEAR =>
        en "The answer to a request for voice is yes or no."
        de "Die Antwort auf eine Bitte um das Rederecht ist Ja oder Nein."
        fr "La réponse à une demande de parole est oui ou non."
        es "La respuesta a una petición de palabra es sí o no.";
    WHOSE_REQUEST =>
        en "It is not said whose request for voice this answers."
        de "Es ist nicht angegeben, wessen Bitte um das Rederecht das beantwortet."
        fr "Il n’est pas dit à quelle demande de parole cela répond."
        es "No se indica de quién es la petición de palabra que se responde.";
    NO_SUBJECT =>
        en "You may not change the topic of this room."
        de "Sie dürfen das Thema dieses Raums nicht ändern."
        fr "Vous ne pouvez pas changer le sujet de ce salon."
        es "No se le permite cambiar el tema de esta sala.";
    SUBJECT_TOO_LONG =>
        en "The topic is too long."
        de "Das Thema ist zu lang."
        fr "Le sujet est trop long."
        es "El tema es demasiado largo.";
    SLOW_MODE(seconds, left) =>
        en "This room is in slow mode: one message every {seconds} seconds. Please wait {left} more."
        de "Dieser Raum ist im Langsam-Modus: eine Nachricht alle {seconds} Sekunden. Bitte warten Sie noch {left} s."
        fr "Ce salon est en mode lent : un message toutes les {seconds} secondes. Veuillez attendre encore {left} s."
        es "Esta sala está en modo lento: un mensaje cada {seconds} segundos. Espere {left} s más.";
    REACTIONS_MOST(most) =>
        en "In this room, reactions to one message are limited to {most}."
        de "In diesem Raum sind je Nachricht höchstens {most} Reaktionen erlaubt."
        fr "Dans ce salon, les réactions à un message sont limitées à {most}."
        es "En esta sala, las reacciones a un mensaje están limitadas a {most}.";
    REACTIONS_ALLOWED(reactions) =>
        en "This room allows these reactions: {reactions}"
        de "In diesem Raum sind diese Reaktionen erlaubt: {reactions}"
        fr "Ce salon permet ces réactions : {reactions}"
        es "Esta sala permite estas reacciones: {reactions}";
    NO_PRIVATE_MESSAGES =>
        en "You may not send private messages in this room."
        de "Sie dürfen in diesem Raum keine privaten Nachrichten senden."
        fr "Vous ne pouvez pas envoyer de messages privés dans ce salon."
        es "No se le permite enviar mensajes privados en esta sala.";
    INVITE_NEEDED =>
        en "A message to the room must be of type groupchat."
        de "Eine Nachricht an den Raum muss vom Typ groupchat sein."
        fr "Un message au salon doit être de type groupchat."
        es "Un mensaje a la sala debe ser de tipo groupchat.";
    PRIVATE_GROUPCHAT =>
        en "A message to one occupant cannot be of type groupchat."
        de "Eine Nachricht an eine einzelne Person kann nicht vom Typ groupchat sein."
        fr "Un message à un seul occupant ne peut pas être de type groupchat."
        es "Un mensaje a un solo ocupante no puede ser de tipo groupchat.";
    INVITES_MOST(most) =>
        en "One message may hold {most} invitations at most."
        de "Eine Nachricht darf höchstens {most} Einladungen enthalten."
        fr "Un message peut contenir {most} invitations au plus."
        es "Un mensaje puede contener {most} invitaciones como máximo.";
    INVITEE_BANNED =>
        en "This account is banned from the room."
        de "Dieses Konto ist aus dem Raum verbannt."
        fr "Ce compte est banni du salon."
        es "Esta cuenta está vetada en la sala.";
    INVITE_ADDRESS_NEEDED =>
        en "An invitation needs an address."
        de "Eine Einladung braucht eine Adresse."
        fr "Une invitation demande une adresse."
        es "Una invitación necesita una dirección.";
    INVITEE_INSIDE =>
        en "This is an occupant, who is in the room already."
        de "Das ist jemand, der schon im Raum ist."
        fr "C’est un occupant, déjà présent dans le salon."
        es "Es un ocupante, que ya está en la sala.";
    INVITE_TOO_LONG(most) =>
        en "An invitation may have {most} bytes at most."
        de "Eine Einladung darf höchstens {most} Bytes lang sein."
        fr "Une invitation peut avoir {most} octets au plus."
        es "Una invitación puede tener {most} bytes como máximo.";
    INVITED_BY(nick, room) =>
        en "{nick} invites you to the room {room}"
        de "{nick} lädt Sie in den Raum {room} ein"
        fr "{nick} vous invite dans le salon {room}"
        es "{nick} le invita a la sala {room}";
    INVITED(room) =>
        en "You are invited to the room {room}"
        de "Sie sind in den Raum {room} eingeladen"
        fr "Vous êtes invité dans le salon {room}"
        es "Se le invita a la sala {room}";
    MAY_NOT_INVITE =>
        en "You may not invite into this room."
        de "Sie dürfen nicht in diesen Raum einladen."
        fr "Vous ne pouvez pas inviter dans ce salon."
        es "No se le permite invitar a esta sala.";
    NOT_DELIVERED =>
        en "The invitation could not be delivered."
        de "Die Einladung konnte nicht zugestellt werden."
        fr "L’invitation n’a pas pu être remise."
        es "No se ha podido entregar la invitación.";
    DECLINE_ADDRESS_NEEDED =>
        en "To decline an invitation, the address of the inviter is needed."
        de "Um eine Einladung abzulehnen, ist die Adresse der einladenden Person nötig."
        fr "Pour décliner une invitation, il faut l’adresse de la personne qui invite."
        es "Para rechazar una invitación se necesita la dirección de quien invita.";
    REASON_TOO_LONG =>
        en "The reason is too long."
        de "Die Begründung ist zu lang."
        fr "La raison est trop longue."
        es "El motivo es demasiado largo.";
    WORDS_TOO_LONG(name) =>
        en "The text of “{name}” is too long."
        de "Der Text von „{name}“ ist zu lang."
        fr "Le texte de « {name} » est trop long."
        es "El texto de «{name}» es demasiado largo.";
    VENUE_WRONG(why) =>
        en "The other room: {why}"
        de "Der andere Raum: {why}"
        fr "L’autre salon : {why}"
        es "La otra sala: {why}";
    TOKEN_NOT_GOOD =>
        en "This invitation is not valid any more. Ask for a new one."
        de "Diese Einladung gilt nicht mehr. Bitten Sie um eine neue."
        fr "Cette invitation n’est plus valable. Demandez-en une nouvelle."
        es "Esta invitación ya no es válida. Pida una nueva.";
    TOKENS_MOST =>
        en "There are too many open invitations. Revoke one, or wait until one ends."
        de "Es gibt zu viele offene Einladungen. Widerrufen Sie eine oder warten Sie, bis eine abläuft."
        fr "Il y a trop d’invitations ouvertes. Révoquez-en une, ou attendez qu’une expire."
        es "Hay demasiadas invitaciones abiertas. Revoque una o espere a que una caduque.";
    TOKEN_UNKNOWN =>
        en "There is no such invitation, or it is not yours."
        de "Es gibt keine solche Einladung, oder sie ist nicht von Ihnen."
        fr "Cette invitation n’existe pas, ou n’est pas de vous."
        es "Esa invitación no existe, o no es suya.";
    TOKEN_NUMBER(name) =>
        en "“{name}” must be a number above 0."
        de "„{name}“ muss eine Zahl über 0 sein."
        fr "« {name} » doit être un nombre supérieur à 0."
        es "«{name}» debe ser un número mayor que 0.";
    CLOCK_ENDS =>
        en "The clock of the service is wrong. Please try again later."
        de "Die Uhr des Dienstes geht falsch. Bitte versuchen Sie es später wieder."
        fr "L’horloge du service est déréglée. Veuillez réessayer plus tard."
        es "El reloj del servicio no es correcto. Inténtelo más tarde.";
    ONLY_OWNERS_CONFIGURE =>
        en "Only the owners of the room can change its settings."
        de "Nur die Besitzer des Raums können seine Einstellungen ändern."
        fr "Seuls les propriétaires du salon peuvent changer ses réglages."
        es "Solo los propietarios de la sala pueden cambiar sus ajustes.";
    FORM_OR_DESTROY =>
        en "A form or a wish to destroy the room is needed."
        de "Nötig ist ein Formular oder der Wunsch, den Raum aufzulösen."
        fr "Il faut un formulaire ou le souhait de supprimer le salon."
        es "Se necesita un formulario o el deseo de eliminar la sala.";
    FIELD_WRONG(field, why) =>
        en "{field}: {why}"
        de "{field}: {why}"
        fr "{field} : {why}"
        es "{field}: {why}";
    ONLY_SERVICE_ADMINS_CHANGE =>
        en "Only the admins of the service change this."
        de "Nur die Admins des Dienstes ändern das."
        fr "Seuls les administrateurs du service changent cela."
        es "Solo los administradores del servicio cambian esto.";
    DOMAIN_NO_RANK =>
        en "A whole domain cannot be admin or owner."
        de "Eine ganze Domain kann weder Admin noch Besitzer sein."
        fr "Un domaine entier ne peut être ni administrateur ni propriétaire."
        es "Un dominio entero no puede ser ni administrador ni propietario.";
    FORM_CHANGES_MOST(most) =>
        en "One form may change {most} affiliations at most."
        de "Ein Formular darf höchstens {most} Zugehörigkeiten ändern."
        fr "Un formulaire peut changer {most} affiliations au plus."
        es "Un formulario puede cambiar {most} afiliaciones como máximo.";
    PASSWORD_EMPTY =>
        en "A password is needed."
        de "Ein Passwort ist nötig."
        fr "Il faut un mot de passe."
        es "Se necesita una contraseña.";
    NOT_BOOLEAN =>
        en "It must be 0, 1, true or false."
        de "Möglich sind 0, 1, true und false."
        fr "Il faut 0, 1, true ou false."
        es "Debe ser 0, 1, true o false.";
    NOT_NUMBER =>
        en "It must be a whole number."
        de "Es muss eine ganze Zahl sein."
        fr "Il faut un nombre entier."
        es "Debe ser un número entero.";
    NUMBER_MOST(most) =>
        en "It may be {most} at most."
        de "Es darf höchstens {most} sein."
        fr "La valeur peut être {most} au plus."
        es "Puede ser {most} como máximo.";
    TEXT_MOST(most) =>
        en "It may have {most} bytes at most."
        de "Der Text darf höchstens {most} Bytes lang sein."
        fr "Le texte peut avoir {most} octets au plus."
        es "El texto puede tener {most} bytes como máximo.";
    NO_OPTION(value) =>
        en "There is no option “{value}”."
        de "Die Auswahl „{value}“ gibt es nicht."
        fr "Il n’y a pas d’option « {value} »."
        es "No existe la opción «{value}».";
    NOT_LANGUAGE =>
        en "It is no tag of a language, such as en or pt-BR."
        de "Das ist kein Kürzel einer Sprache wie de oder pt-BR."
        fr "Ce n’est pas un code de langue comme fr ou pt-BR."
        es "No es un código de idioma como es o pt-BR.";
    NOT_NUMBER_OR_NONE =>
        en "It must be a whole number, or none."
        de "Es muss eine ganze Zahl sein oder none."
        fr "Il faut un nombre entier, ou none."
        es "Debe ser un número entero, o none.";
    CONTACT_WRONG(value, why) =>
        en "“{value}” is no address: {why}"
        de "„{value}“ ist keine Adresse: {why}"
        fr "« {value} » n’est pas une adresse : {why}"
        es "«{value}» no es una dirección: {why}";
    ADDRESSES_MOST(most) =>
        en "It may hold {most} addresses at most."
        de "Möglich sind höchstens {most} Adressen."
        fr "Il peut y avoir {most} adresses au plus."
        es "Puede haber {most} direcciones como máximo.";
    RATING_WRONG(value) =>
        en "“{value}” is not a URI, a space and a label."
        de "„{value}“ ist nicht eine URI, ein Leerzeichen und eine Einstufung."
        fr "« {value} » n’est pas un URI, une espace et une mention."
        es "«{value}» no es un URI, un espacio y una etiqueta.";
    RATINGS_MOST(most, bytes) =>
        en "It may hold {most} labels at most, of {bytes} bytes in all."
        de "Möglich sind höchstens {most} Einstufungen, zusammen {bytes} Bytes."
        fr "Il peut y avoir {most} mentions au plus, de {bytes} octets en tout."
        es "Puede haber {most} etiquetas como máximo, de {bytes} bytes en total.";
    REACTION_WRONG(value) =>
        en "“{value}” is no reaction."
        de "„{value}“ ist keine Reaktion."
        fr "« {value} » n’est pas une réaction."
        es "«{value}» no es una reacción.";
    REACTIONS_LISTED_MOST(most) =>
        en "It may hold {most} reactions at most."
        de "Möglich sind höchstens {most} Reaktionen."
        fr "Il peut y avoir {most} réactions au plus."
        es "Puede haber {most} reacciones como máximo.";
    FORM_TYPE_WRONG =>
        en "The form must be of type submit or cancel."
        de "Das Formular muss vom Typ submit oder cancel sein."
        fr "Le formulaire doit être de type submit ou cancel."
        es "El formulario debe ser de tipo submit o cancel.";
    FORM_SUBMIT_NEEDED =>
        en "The form must be of type submit."
        de "Das Formular muss vom Typ submit sein."
        fr "Le formulaire doit être de type submit."
        es "El formulario debe ser de tipo submit.";
    OTHER_FORM_TYPE =>
        en "The form is not the one that was asked for: its FORM_TYPE is another."
        de "Das Formular ist nicht das erfragte: Es hat einen anderen FORM_TYPE."
        fr "Le formulaire n’est pas celui demandé : son FORM_TYPE est autre."
        es "El formulario no es el que se pidió: su FORM_TYPE es otro.";
    FORM_NEEDED =>
        en "A form is needed."
        de "Ein Formular ist nötig."
        fr "Il faut un formulaire."
        es "Se necesita un formulario.";
}
