//! The form by which owners set up a room, and the other forms that people fill in.

use super::text::texts;

texts! {
    SETTINGS_OF(room) =>
        en "Settings of {room}"
        de "Einstellungen von {room}"
        fr "Réglages de {room}"
        es "Ajustes de {room}";
    SETTINGS_HINT =>
        en "Change what you like and leave the rest as it is. Nothing changes before you save; the button for it may be below the last setting. You can open this form again at any time."
        de "Ändern Sie, was Sie möchten, und lassen Sie den Rest, wie er ist. Nichts ändert sich, bevor Sie speichern; der Knopf dafür kann unter der letzten Einstellung sein. Sie können dieses Formular jederzeit wieder öffnen."
        fr "Changez ce que vous voulez et laissez le reste tel quel. Rien ne change avant l’enregistrement ; le bouton peut se trouver sous le dernier réglage. Vous pouvez rouvrir ce formulaire à tout moment."
        es "Cambie lo que quiera y deje lo demás como está. Nada cambia hasta que guarde; el botón puede estar debajo del último ajuste. Puede volver a abrir este formulario en cualquier momento.";
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
    PEOPLE_IN_CHARGE =>
        en "People in charge"
        de "Verantwortliche"
        fr "Responsables"
        es "Responsables de la sala";
    THE_REST =>
        en "What is seldom needed"
        de "Selten Gebrauchtes"
        fr "Ce qui sert rarement"
        es "Lo que rara vez se necesita";
    ROOM_NAME =>
        en "Name"
        de "Name"
        fr "Nom"
        es "Nombre";
    ROOM_PICTURE_HINT =>
        en "Picture: if this form shows one, click it to choose another; in other apps it is in the details of the room."
        de "Bild: Wenn dieses Formular eines zeigt, klicken Sie darauf, um ein anderes zu wählen; in anderen Programmen ist es bei den Details des Raums."
        fr "Image : si ce formulaire en montre une, cliquez dessus pour en choisir une autre ; dans d’autres applications, elle est dans les détails du salon."
        es "Imagen: si este formulario muestra una, haga clic en ella para elegir otra; en otras aplicaciones está en los detalles de la sala.";
    NO_LIMIT =>
        en "No limit"
        de "Unbegrenzt"
        fr "Sans limite"
        es "Sin límite";
    ANYONE =>
        en "Everybody"
        de "Alle"
        fr "Tout le monde"
        es "Todos";
    MODERATORS =>
        en "Moderators"
        de "Moderatoren"
        fr "Modérateurs"
        es "Moderadores";
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
    ROOM_ADMINS =>
        en "Admins"
        de "Admins"
        fr "Administrateurs"
        es "Administradores";
    ROOM_ADMINS_HINT =>
        en "They decide who may enter and write. One address in each line, such as ann@example.org. An account that is taken off this list becomes a member."
        de "Sie entscheiden, wer eintreten und schreiben darf. Eine Adresse in jeder Zeile, wie anna@example.org. Ein Konto, das von dieser Liste genommen wird, wird Mitglied."
        fr "Ils décident qui peut entrer et écrire. Une adresse par ligne, comme anne@example.org. Un compte retiré de cette liste devient membre."
        es "Deciden quién puede entrar y escribir. Una dirección por línea, como ana@example.org. Una cuenta que se quita de esta lista pasa a ser miembro.";
    ROOM_OWNERS =>
        en "Owners"
        de "Besitzer"
        fr "Propriétaires"
        es "Propietarios";
    ROOM_OWNERS_HINT =>
        en "They can do everything, and change these settings. One address in each line, and one at least. An account that is taken off this list becomes an admin."
        de "Sie dürfen alles und ändern diese Einstellungen. Eine Adresse in jeder Zeile, und mindestens eine. Ein Konto, das von dieser Liste genommen wird, wird Admin."
        fr "Ils peuvent tout faire, et changer ces réglages. Une adresse par ligne, et au moins une. Un compte retiré de cette liste devient administrateur."
        es "Pueden hacerlo todo y cambiar estos ajustes. Una dirección por línea, y al menos una. Una cuenta que se quita de esta lista pasa a ser administradora.";
    NICKNAME =>
        en "Nickname"
        de "Spitzname"
        fr "Pseudo"
        es "Apodo";
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
