//! Commands (XEP-0050) of the service: their names, their forms, what they answer.

use super::text::texts;

texts! {
    ANNOUNCE_COMMAND =>
        en "Announce to everybody in a room"
        de "Durchsage an alle, die in einem Raum sind"
        fr "Annoncer à tous ceux qui sont dans un salon"
        es "Anunciar a todos los que están en una sala";
    ANNOUNCEMENT =>
        en "Announcement"
        de "Durchsage"
        fr "Annonce"
        es "Anuncio";
    ANNOUNCEMENT_EMPTY =>
        en "The announcement is empty."
        de "Die Durchsage ist leer."
        fr "L’annonce est vide."
        es "El anuncio está vacío.";
    ANNOUNCEMENT_TOO_LONG =>
        en "The announcement is too long."
        de "Die Durchsage ist zu lang."
        fr "L’annonce est trop longue."
        es "El anuncio es demasiado largo.";
    SENT_TO(count) =>
        en "Sessions that get it: {count}."
        de "Sitzungen, die sie bekommen: {count}."
        fr "Sessions qui la reçoivent : {count}."
        es "Sesiones que lo reciben: {count}.";
    COUNT_COMMAND =>
        en "How many are in a room"
        de "Wie viele in einem Raum sind"
        fr "Combien sont dans un salon"
        es "Cuántos están en una sala";
    WHO_COMMAND =>
        en "Who is in a room"
        de "Wer in einem Raum ist"
        fr "Qui est dans un salon"
        es "Quién está en una sala";
    ACCOUNTS_MOST =>
        en "How many accounts at most"
        de "Wie viele Konten höchstens"
        fr "Combien de comptes au plus"
        es "Cuántas cuentas como máximo";
    AS_MANY_AS_FIT =>
        en "As many as fit"
        de "So viele, wie passen"
        fr "Autant que possible"
        es "Tantas como quepan";
    STOP_COMMAND =>
        en "Stop the service"
        de "Den Dienst beenden"
        fr "Arrêter le service"
        es "Detener el servicio";
    WHEN =>
        en "When"
        de "Wann"
        fr "Quand"
        es "Cuándo";
    AT_ONCE =>
        en "At once"
        de "Sofort"
        fr "Tout de suite"
        es "Ahora mismo";
    SECONDS_30 =>
        en "In 30 seconds"
        de "In 30 Sekunden"
        fr "Dans 30 secondes"
        es "En 30 segundos";
    MINUTES_1 =>
        en "In 1 minute"
        de "In 1 Minute"
        fr "Dans 1 minute"
        es "En 1 minuto";
    MINUTES_2 =>
        en "In 2 minutes"
        de "In 2 Minuten"
        fr "Dans 2 minutes"
        es "En 2 minutos";
    MINUTES_5 =>
        en "In 5 minutes"
        de "In 5 Minuten"
        fr "Dans 5 minutes"
        es "En 5 minutos";
    MINUTES_15 =>
        en "In 15 minutes"
        de "In 15 Minuten"
        fr "Dans 15 minutes"
        es "En 15 minutos";
    DELAY_WRONG =>
        en "The delay must be in seconds, an hour at most."
        de "Die Frist muss in Sekunden angegeben sein, höchstens eine Stunde."
        fr "Le délai doit être en secondes, une heure au plus."
        es "El plazo debe estar en segundos, una hora como máximo.";
    STOPS_IN(seconds) =>
        en "The service stops in {seconds} seconds."
        de "Der Dienst wird in {seconds} Sekunden beendet."
        fr "Le service s’arrête dans {seconds} secondes."
        es "El servicio se detiene en {seconds} segundos.";
    ROOMS_IN_USE =>
        en "Rooms in use"
        de "Benutzte Räume"
        fr "Salons utilisés"
        es "Salas en uso";
    OCCUPANTS =>
        en "Occupants"
        de "Anwesende"
        fr "Occupants"
        es "Ocupantes";
    CREATE_COMMAND =>
        en "Create a room"
        de "Raum anlegen"
        fr "Créer un salon"
        es "Crear una sala";
    DESTROY_COMMAND =>
        en "Destroy a room"
        de "Raum auflösen"
        fr "Supprimer un salon"
        es "Eliminar una sala";
    OWNER =>
        en "Owner"
        de "Besitzer"
        fr "Propriétaire"
        es "Propietario";
    OTHER_PLACE =>
        en "Where to go instead"
        de "Wohin stattdessen"
        fr "Où aller à la place"
        es "Adónde ir en su lugar";
    COUNT_WRONG =>
        en "The field “max_items” must be a whole number or none."
        de "Das Feld „max_items“ muss eine ganze Zahl oder none sein."
        fr "Le champ « max_items » doit être un nombre entier ou none."
        es "El campo «max_items» debe ser un número entero o none.";
    ROOM_ADDRESS_MISSING =>
        en "The address of the room is missing."
        de "Die Adresse des Raums fehlt."
        fr "L’adresse du salon manque."
        es "Falta la dirección de la sala.";
    NOT_OUR_ROOM =>
        en "No room of this service can have such an address."
        de "Kein Raum dieses Dienstes kann eine solche Adresse haben."
        fr "Aucun salon de ce service ne peut avoir une telle adresse."
        es "Ninguna sala de este servicio puede tener esa dirección.";
    OWNER_MISSING =>
        en "The owner is missing."
        de "Der Besitzer fehlt."
        fr "Le propriétaire manque."
        es "Falta el propietario.";
    OWNER_IS_ACCOUNT =>
        en "The owner must be an account."
        de "Der Besitzer muss ein Konto sein."
        fr "Le propriétaire doit être un compte."
        es "El propietario debe ser una cuenta.";
    ROOM_IS_THERE =>
        en "The room is there."
        de "Der Raum ist da."
        fr "Le salon est créé."
        es "La sala está creada.";
    ROOM_IS_GONE =>
        en "The room is gone."
        de "Den Raum gibt es nicht mehr."
        fr "Le salon a disparu."
        es "La sala ya no existe.";
}
