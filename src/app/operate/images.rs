//! Building, trying, pushing and shipping in the console: of the component that is selected on the images screen; and promoting an image.

use crate::{
    app::{App, Effect, Pane, Screen},
    model::{component::Component, image::split},
    op::{Leg, Promote, Request, Ship},
};

/// What can be done with a component.
pub(super) fn offered() -> [(&'static str, Request); 4] {
    let way = |from, until| Ship::new(String::new(), from, until).into();
    [
        ("ship", way(Leg::Build, Leg::RollOut)),
        ("build", way(Leg::Build, Leg::Build)),
        ("try", way(Leg::Try, Leg::Try)),
        ("push", way(Leg::Push, Leg::Push)),
    ]
}

/// What can be done with an image that a registry holds.
pub(super) fn promotion() -> (&'static str, Request) {
    ("promote", promote(String::new()))
}

fn promote(what: String) -> Request {
    Promote {
        what,
        to: None,
        repository: None,
        tag: None,
    }
    .into()
}

impl App {
    /// Asks where the selected image goes to, or the one that the selected service runs.
    pub fn promote(&mut self) -> Vec<Effect> {
        if self.screen == Screen::Images && self.focused() == Pane::ImageList {
            return match self.selected_image() {
                Some(image) => self.begin(promote(image)),
                None => {
                    self.say("the repository has no image to promote");
                    Vec::new()
                }
            };
        }
        self.on_service(promote)
    }

    /// The image that is selected, by its digest: its tag may have gone to another one meanwhile.
    fn selected_image(&self) -> Option<String> {
        let digest = self.selected_id(Pane::ImageList)?;
        let images = self.seen.images()?;
        let selected = self.selected_id(Pane::Repositories);
        let of = |name| images.repositories.iter().find(|r| r.name == name);
        let repository = selected.and_then(of).or(images.repositories.first())?;
        Some(format!("{}@{digest}", repository.uri))
    }

    /// Plans to bring the selected component's image from one place to another: what is built is new, what is tried or pushed is the image
    /// that is selected, or the newest.
    pub fn bring(&mut self, from: Leg, until: Leg) -> Vec<Effect> {
        match self.selected_component() {
            Ok((component, image)) => {
                let image = image.filter(|_| from > Leg::Build);
                let ship = Ship::new(component, from, until);
                self.begin(Ship { image, ..ship }.into())
            }
            Err(why) => {
                self.say(why);
                Vec::new()
            }
        }
    }

    /// The component that is selected, and the tag of its image where an image is.
    fn selected_component(&self) -> Result<(String, Option<String>), String> {
        const FIRST: &str = "select a component first, on the images screen";
        if self.screen != Screen::Images {
            return Err(FIRST.to_owned());
        }
        let bench = self.seen.bench.value.as_ref();
        let components = bench.map_or(&[][..], |bench| &bench.components);
        let named = |is: &dyn Fn(&&Component) -> bool| components.iter().find(is);
        match self.focused() {
            Pane::Components => match self.selected_id(Pane::Components) {
                Some(name) => Ok((name.to_owned(), None)),
                None => Err("no component is configured: docs/images.md says how".to_owned()),
            },
            Pane::Running => {
                let row = self.selected_id(Pane::Running).ok_or(FIRST)?;
                let service = row.split('/').next().unwrap_or_default();
                let found = named(&|component| component.service == service);
                found.map(|component| (component.name.clone(), None)).ok_or_else(|| {
                    format!("no component is built for {service}: write [components.{service}] into hydren.toml")
                })
            }
            Pane::Local => {
                let row = self.selected_id(Pane::Local).ok_or(FIRST)?;
                let (repository, mark) = split(row);
                let own = |component: &&Component| {
                    component.repository.as_deref().unwrap_or(&component.name) == repository
                };
                let found = named(&own);
                let tag = mark.trim_start_matches(':').to_owned();
                found
                    .map(|component| (component.name.clone(), Some(tag)))
                    .ok_or_else(|| format!("{repository} is no component's repository"))
            }
            _ => Err(FIRST.to_owned()),
        }
    }
}
