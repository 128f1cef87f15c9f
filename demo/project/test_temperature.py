import unittest

from temperature import to_celsius, to_fahrenheit


class Temperature(unittest.TestCase):
    def test_water_boils_at_212_fahrenheit(self):
        self.assertEqual(to_fahrenheit(100), 212)

    def test_water_freezes_at_0_celsius(self):
        self.assertAlmostEqual(to_celsius(32), 0)

    def test_there_and_back_is_the_same(self):
        self.assertAlmostEqual(to_celsius(to_fahrenheit(21.5)), 21.5)


if __name__ == "__main__":
    unittest.main()
