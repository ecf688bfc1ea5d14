//! Every client's picture of the room is how the room stands, as far as that client may see it.

use super::Check;
use crate::picture::Stage;
use crate::run::Scene;

pub(super) struct Rosters;

impl Check for Rosters {
    fn name(&self) -> &'static str {
        "roster"
    }

    fn look(&mut self, scene: &Scene<'_>) -> Result<(), String> {
        if scene.happening.refused {
            return Ok(());
        }
        for client in 0..scene.cast.clients {
            compare(scene, client).map_err(|what| format!("{}: {what}", scene.cast.entities[client].name))?;
        }
        Ok(())
    }
}

fn compare(scene: &Scene<'_>, client: usize) -> Result<(), String> {
    let (sheet, picture) = (&scene.happening.after, &scene.pictures[client]);
    let Some(seat) = sheet.seat_of(client) else {
        return match picture.stage {
            Stage::In => Err("believes to be in the room and was not told otherwise".to_owned()),
            _ => Ok(()),
        };
    };
    match picture.stage {
        Stage::In => {}
        // It does not look at what it gets.
        Stage::Ghost => return Ok(()),
        Stage::Out | Stage::Lost => return Err("is in the room and was not told".to_owned()),
    }
    // What it missed, or the room forgot, it may see otherwise; all else it must see as it is.
    let blur = &picture.blur;
    if picture.nick != seat.nick && !blur.own_nick {
        return Err(format!("believes to be {}, and is {}", picture.nick, seat.nick));
    }
    let mut due = 0;
    for subject in &sheet.seats {
        if blur.nicks.contains(&subject.nick) {
            continue;
        }
        let shown = sheet.view(seat, subject);
        due += usize::from(shown.is_some());
        let seen = picture.seats.get(&subject.nick);
        if seen != shown.as_ref() {
            return Err(format!("sees {} as {seen:?}, and should as {shown:?}", subject.nick));
        }
    }
    let sure = picture.seats.keys().filter(|nick| !blur.nicks.contains(*nick));
    if sure.clone().count() != due {
        let ghosts: Vec<_> = sure.filter(|nick| !sheet.seats.iter().any(|s| s.nick == **nick)).collect();
        return Err(format!("sees {ghosts:?}, who are not here"));
    }
    let subject = sheet.subject();
    if picture.subject.as_ref() != Some(&subject) && !blur.subject {
        return Err(format!("knows the subject as {:?}, and it is {subject:?}", picture.subject));
    }
    Ok(())
}
