int seeded;
