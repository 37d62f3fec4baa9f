use super::*;

#[test]
fn every_embedded_theme_resolves_every_role_without_a_warning() {
    for name in Theme::embedded() {
        let (theme, warnings) = Theme::load(name, None).unwrap();
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
        for role in Role::ALL {
            assert_ne!(
                theme.paint(role),
                Paint::default(),
                "{name}: {}",
                role.name()
            );
        }
    }
}
